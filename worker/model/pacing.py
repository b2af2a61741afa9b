"""How far apart a fleet's send times lie, so that it keeps a vendor's limit whatever clocks, table and tasks do."""

from __future__ import annotations

import math
from dataclasses import dataclass

from worker.model.rate import Rate, Window

SKEW = 0.01  # seconds by which a task's clock may be off; Amazon Time Sync keeps Fargate's within a few milliseconds
LEAD = 1.0  # seconds: no batch of send times begins further ahead
SAFE = 0.8  # of the limit, divided by max_tasks: what a task sends while the table is away
PATIENCE = 0.5  # seconds that a call of the table may take
IN_TOUCH = 2.0  # seconds after a call that went well; then a task is out of touch, and uses no send time
PROOF = 1.25  # seconds for which a call that failed shows that the table is away
GIVEN_UP = PATIENCE + PROOF + IN_TOUCH + PATIENCE  # seconds from the first failed call to the safe share
CATCH_UP = 0.05  # seconds: so much that was missed the safe share may make up for at once
LONGEST = 60.0  # seconds; longer windows are counted in the table

_TOLERANCE = 0.2  # seconds, at most
_SHORT = 10.0  # seconds: a window up to this is waited for once the table is back
_DERATED = 0.05  # of the limit, at most; else a longer window is waited for too
_HASTE = 1.05  # of the pace of a limit that is only counted
_HAIR = 2e-6  # seconds; the schedule is kept in microseconds
_ROUND = 40.0  # seconds: see Pacing.period


@dataclass(frozen=True, slots=True)
class Pacing:
    """What a task must know of a limit that a fleet of at most `max_tasks` keeps together. Durations are seconds.

    The bound. Send times (slots) are handed out one `spacing` T apart by the clocks of those who ask, and each is used
    once, at most `tolerance` late, or never. So all that leaves within a closed interval of length L = window + guard
    has its slot in one of length L + tolerance + 2 × SKEW, for a clock is at most SKEW ahead at one end and SKEW behind
    at the other. A set of points T apart has at most ⌊length ÷ T⌋ + 1 of them there. That is at most `limit` where

        T > (window + guard + tolerance + 2 × SKEW) ÷ limit                                                          (1)

    Batches change nothing, for they are points of the same set; nor do tasks that start, die or freeze, for a slot that
    is not used is lost. A call of cost c uses c slots at once, its last one's. Those of the first call in an interval
    may lie before it: c − 1 more, so (1) has limit − `largest` + 1. A call of more than `largest` takes as many slots
    more as it exceeds that, and leaves them unused.

    The table away, for all, from t0 to t1. A task is in touch while its last good call began less than IN_TOUCH ago;
    only then it uses slots, so none is used after t0 + IN_TOUCH. It sends its safe share from GIVEN_UP after its first
    failed call (which began after t0 − PATIENCE) on, and only while a call that failed began less than PROOF ago: so
    after t0 + GIVEN_UP − PATIENCE, and not after t1 + PROOF. Then t1 − t0 > IN_TOUCH + PATIENCE: whoever was in touch
    before is not any more. Who comes in touch anew (or starts) reserves nothing for `rest`, at least PROOF: by then
    nobody sends a share. Unless he sees slots ahead that others have just reserved: they had waited.

    So slots and shares never overlap, but a window may hold some of both. Where `given_up` and `rest` hold a whole
    window more it cannot. Else (windows above 10 s) T is larger instead: a share begins an interval after it may, so
    that in any time it takes less than the slots that nobody used; only where a window begins amid a share there may be
    one token of each task too many, what it made up for, and the broken spacing itself:

        T > (window + guard + tolerance + 2 × SKEW) ÷ (limit − max_tasks × (1 + CATCH_UP × share) − 1)               (2)

    That is done where it takes at most a twentieth of the limit.

    Windows above a minute are `quotas`, counted in the table where slots are given; there `spacing` only spreads what
    they allow. What is sent while the table is away is counted as soon as it is back, and is little enough beforehand.

    Its price, in use of limit ÷ (window + guard): of 80/s 89 %, of 600/min with 8 tasks 98 %; docs/limits.md has more.
    """

    spacing: float
    tolerance: float
    largest: int  # tokens that one call takes, as far as is known beforehand
    most: int  # tokens that one call may take: more never fit in a window
    max_tasks: int
    guard: float
    quotas: tuple[Window, ...]  # counted in the table
    share: Rate | None  # of one task while the table is away; None: less than one in a window
    period: float  # where there is no share, a task may use `seats` of its last slots again each so often
    seats: int
    given_up: float  # from the first failed call to the safe share
    rest: float  # from being in touch anew to the first reservation

    @property
    def stretch(self) -> float:
        """By how much a counted window is longer: what is given at an instant may be used so much later."""
        return self.guard + self.tolerance + 2 * SKEW


def pacing(rate: Rate, *, guard: float, max_tasks: int, largest: int = 1) -> Pacing:
    """Divide a limit; `max_tasks`: that ever run at once, `largest`: see Pacing."""
    spaced = tuple(window for window in rate.windows if window.seconds <= LONGEST)
    quotas = tuple(window for window in rate.windows if window.seconds > LONGEST)
    tolerance = min(_TOLERANCE, rate.windows[0].seconds / 10)
    most = min(window.limit for window in rate.windows)
    reaches = {window: window.seconds + guard + tolerance + 2 * SKEW for window in spaced}
    spacing = max(
        [reach / _tokens(window, max_tasks, min(largest, most)) + _HAIR for window, reach in reaches.items()]
        or [quotas[0].seconds / quotas[0].limit / _HASTE]
    )
    waited = max((reach for window, reach in reaches.items() if not is_derated(window, max_tasks)), default=0.0)
    per_seat = max_tasks * max(spacing, *((window.seconds + guard) / (SAFE * window.limit) for window in rate.windows))
    seats = max(1, math.ceil(_ROUND / per_seat))
    return Pacing(
        spacing=spacing,
        tolerance=tolerance,
        largest=min(largest, most),
        most=most,
        max_tasks=max_tasks,
        guard=guard,
        quotas=quotas,
        share=_share(rate, max_tasks),
        period=math.inf if quotas else seats * per_seat,
        seats=seats,
        given_up=max(GIVEN_UP, PATIENCE + IN_TOUCH + waited),
        rest=PROOF + waited,
    )


def is_derated(window: Window, max_tasks: int) -> bool:
    """Whether a window is kept by (2), so that it is not waited for once the table is back."""
    return window.seconds > _SHORT and _derating(window, max_tasks) <= _DERATED * window.limit


def _tokens(window: Window, max_tasks: int, largest: int) -> int:
    tokens = window.limit - largest + 1
    return max(1, tokens - _derating(window, max_tasks)) if is_derated(window, max_tasks) else tokens


def _derating(window: Window, max_tasks: int) -> int:
    return max_tasks + math.ceil(CATCH_UP * SAFE * window.per_second) + 1


def _share(rate: Rate, max_tasks: int) -> Rate | None:
    windows = [Window(math.floor(SAFE * window.limit / max_tasks), window.seconds) for window in rate.windows]
    return Rate(tuple(windows)) if all(window.limit for window in windows) else None
