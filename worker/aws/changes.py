"""What must change for a resource to be as it should: pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from worker.aws.resources import Resource, kind_of

Live = Mapping[str, str] | None  # a resource's attributes as they are; None: it is not there

# What AWS leaves out when it is as by default.
_DEFAULTS = {
    "FilterPolicy": "{}",
    "FilterPolicyScope": "MessageAttributes",
    "RawMessageDelivery": "false",
    "SqsManagedSseEnabled": "true",
}
_DOCUMENTS = frozenset({"Policy", "RedrivePolicy", "FilterPolicy", "PublicAccessBlock", "Lifecycle", "Keys"})


@dataclass(frozen=True, slots=True)
class Created:
    """It was not there."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"create {self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Updated:
    """One attribute was otherwise; `before` is None where it was not set."""

    kind: str
    name: str
    attribute: str
    before: str | None
    after: str

    def __str__(self) -> str:
        return f"update {self.kind} {self.name}: {self.attribute} {self.before or 'unset'} → {self.after}"


@dataclass(frozen=True, slots=True)
class Unchanged:
    """It is as it should be."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"unchanged {self.kind} {self.name}"


Change = Created | Updated | Unchanged


def changes(resource: Resource, live: Live) -> tuple[Change, ...]:
    """Compare a resource with what is live: one Created, one Unchanged, or an Updated per attribute."""
    kind = kind_of(resource)
    if live is None:
        return (Created(kind, resource.name),)
    updated = tuple(
        Updated(kind, resource.name, name, live.get(name), wanted)
        for name, wanted in resource.attributes.items()
        if _read(name, live.get(name, _DEFAULTS.get(name))) != _read(name, wanted) and not _left_alone(name, live)
    )
    return updated or (Unchanged(kind, resource.name),)


def _read(name: str, value: str | None) -> object:
    """Read a value so that equal ones compare equal: documents by what they say, not how they are written."""
    if name not in _DOCUMENTS or not value:
        return value
    try:
        document = json.loads(value)
    except ValueError:
        return value
    if name == "RedrivePolicy" and isinstance(document, dict):
        return {key: str(part) for key, part in document.items()}  # the console writes maxReceiveCount as text
    return document


def _left_alone(name: str, live: Mapping[str, str]) -> bool:
    # A queue that somebody encrypts with a key of their own is not taken back to SQS's.
    return name == "SqsManagedSseEnabled" and bool(live.get("KmsMasterKeyId"))
