"""What a vendor said of one job: a closed union."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from worker.model.message import NOTHING, Publication


@dataclass(frozen=True, slots=True)
class Scope:
    """What a throttle, cooldown or block is about: the whole vendor entry, or one key within it."""

    key: str | None = None


WHOLE = Scope()


@dataclass(frozen=True, slots=True)
class Delivered:
    """The vendor took it. `publish`: messages that follow from it; `vendor_id`: the vendor's own id, for the log."""

    publish: tuple[Publication, ...] = ()
    vendor_id: str | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """One message that carries rows, some of which were not taken.

    `retry_rows` and `rejected_rows` are whole payloads (JSON text) with just those rows; None: there are none.
    The rejected ones are buried with `reason` and `code`, the others go on as a replacement and cost an attempt.
    """

    retry_rows: str | None
    rejected_rows: str | None
    reason: str = "rows rejected"
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Throttled:
    """The vendor asked for less. `after`: how long; None: it did not say. Costs no attempt."""

    after: timedelta | None = None
    scope: Scope = WHOLE


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """This message failed and may succeed later. `delay`: as the vendor said; None: by backoff. Costs an attempt."""

    delay: timedelta | None
    reason: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The request left and no trustworthy answer came: sending it again may duplicate it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """This message can never succeed. `code`: the vendor's own, or ours."""

    reason: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """Credentials, billing or permission: somebody must act. The messages are kept, costs no attempt."""

    reason: str
    scope: Scope = WHOLE


@dataclass(frozen=True, slots=True)
class Continue:
    """One round of a long job is done; the next one starts at `cursor`, no sooner than after `delay`."""

    cursor: str
    delay: timedelta = NOTHING
    publish: tuple[Publication, ...] = ()


Outcome = Delivered | Partial | Throttled | RetryAfter | Ambiguous | Rejected | Blocked | Continue
