"""What happened to messages, as those saw it who know: SQS, the vendor, and whoever kills workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Place = Literal["queue", "dead letters", "parked"]


@dataclass(frozen=True, slots=True)
class Published:
    """It was taken: by SNS, or by SQS from somebody who is not a worker. Times: monotonic seconds."""

    at: float
    key: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A worker put a copy of it into its queue: a continuation, or a fresh one."""

    at: float
    who: str
    key: str


@dataclass(frozen=True, slots=True)
class Received:
    """SQS handed it out."""

    at: float
    who: str
    key: str
    message_id: str
    receipt: str
    count: int
    seconds: float  # of visibility
    heard: bool  # False: the answer was lost, so nobody knows that he has it


@dataclass(frozen=True, slots=True)
class Shown:
    """SQS changed when it becomes visible: a heartbeat, a postponement, a hand-back."""

    at: float
    who: str
    key: str
    receipt: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Deleted:
    """SQS deleted it."""

    at: float
    who: str
    key: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Buried:
    """A worker sent a copy of it to the dead-letter queue."""

    at: float
    who: str
    key: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """It was at the vendor from `at` until `answered`."""

    at: float
    answered: float
    who: str
    key: str
    status: int
    heard: bool  # False: the vendor did it and never said so

    @property
    def taken(self) -> bool:
        """Whether the vendor did it."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Recorded:
    """The ledger has it as delivered."""

    at: float
    who: str
    key: str


@dataclass(frozen=True, slots=True)
class Disturbed:
    """A call about it was disturbed by us."""

    at: float
    who: str
    key: str
    receipt: str  # "" where the call names none
    operation: str
    fault: str


@dataclass(frozen=True, slots=True)
class Found:
    """Where it lay when all was over."""

    at: float
    key: str
    place: Place
    code: str = ""  # of its burial, if a worker wrote one


@dataclass(frozen=True, slots=True)
class Killed:
    """A worker was killed, or killed itself."""

    at: float
    who: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """A worker stood still."""

    at: float
    until: float
    who: str


@dataclass(frozen=True, slots=True)
class Stalled:
    """The machine was so slow that the proxy and the vendor stood still, and no worker can be blamed."""

    at: float
    until: float


Event = Published | Sent | Received | Shown | Deleted | Buried | Arrived | Recorded | Disturbed | Found
Trouble = Killed | Frozen | Stalled


@dataclass(slots=True)
class History:
    """All of it; written by the loop that the proxy runs in."""

    events: list[Event] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    _keys: dict[str, str] = field(default_factory=dict)  # by receipt

    def record(self, event: Event) -> None:
        """Take note of what happened to a message."""
        if isinstance(event, Received):
            self._keys[event.receipt] = event.key
        self.events.append(event)

    def key_of(self, receipt: str) -> str:
        """Of a message that was received; "" if it was not."""
        return self._keys.get(receipt, "")

    def killed(self, who: str, at: float) -> None:
        """Take note of a death."""
        self.troubles.append(Killed(at, who))

    def froze(self, who: str, at: float, until: float) -> None:
        """Take note of a standstill."""
        self.troubles.append(Frozen(at, until, who))

    def stalled(self, at: float, until: float) -> None:
        """Take note of a machine that was too slow."""
        self.troubles.append(Stalled(at, until))

    def stories(self) -> Mapping[str, Sequence[Event]]:
        """What happened to each key, in order."""
        stories: dict[str, list[Event]] = {}
        for event in sorted(self.events, key=lambda event: event.at):
            stories.setdefault(event.key, []).append(event)
        return stories


def tell(story: Iterable[Event | Trouble]) -> str:
    """A line for each event, for whoever looks for the cause; seconds count from the first."""
    ordered = sorted(story, key=lambda event: event.at)
    return "\n".join(f"{event.at - ordered[0].at:9.3f} s  {_words(event)}" for event in ordered)


def _words(event: Event | Trouble) -> str:
    match event:
        case Killed():
            return f"{event.who} killed"
        case Frozen():
            return f"{event.who} stood still for {event.until - event.at:.1f} s"
        case Stalled():
            return f"the machine stood still for {event.until - event.at:.1f} s"
        case _:
            return _message_words(event)


def _message_words(event: Event) -> str:
    match event:
        case Received():
            unheard = "" if event.heard else ", answer lost"
            return f"{event.who} received …{event.receipt[-8:]}, time {event.count}, {event.seconds:g} s{unheard}"
        case Shown():
            return f"{event.who} made …{event.receipt[-8:]} visible in {event.seconds:g} s"
        case Deleted():
            return f"{event.who} deleted …{event.receipt[-8:]}"
        case Arrived():
            unheard = "" if event.heard else ", nobody was told"
            return f"{event.who} sent it: {event.status} after {event.answered - event.at:.3f} s{unheard}"
        case Disturbed():
            about = f" …{event.receipt[-8:]}" if event.receipt else ""
            return f"{event.who} {event.operation}{about}: {event.fault}"
        case Found():
            return f"found in: {event.place}" + (f", {event.code}" if event.code else "")
        case Published():
            return "published"
        case Sent() | Buried() | Recorded():
            return f"{event.who} {type(event).__name__.lower()}"
