"""Whether a history keeps what Sluice promises: nothing lost, no delete before its time, each duplicate explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from worker.local.causes import causes_of
from worker.local.history import Arrived, Deleted, Found, History, Published
from worker.local.story import Story
from worker.local.troubles import Troubles


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept, and what happened to the message."""

    promise: str
    key: str
    story: str  # a line for each event

    def __str__(self) -> str:
        return f"{self.promise}: {self.key}\n{self.story}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a history says."""

    published: int  # keys
    delivered: int
    buried: int
    burials: Mapping[str, int]  # by the code that the dead letter has
    redriven: int  # buried by SQS itself, without a reason: received too often
    queued: int
    lost: int
    recalled: int  # received again by a worker that could learn from the ledger that they were delivered
    duplicates: Mapping[str, int]  # by cause
    examples: Mapping[str, str]  # of each cause: what happened to one message
    violations: Sequence[Violation]


def judge(history: History) -> Judgement:
    """Judge it, once all is over and what was left has been recorded as `Found`."""
    troubles = Troubles(history)
    stories = [Story(key, events, troubles) for key, events in history.stories().items()]
    published = [story for story in stories if story.of(Published)]
    causes = [(cause or "unexplained", story) for story in stories for cause in causes_of(story)]
    return Judgement(
        published=len(published),
        delivered=sum(bool(story.taken) for story in published),
        buried=sum(story.is_buried for story in published),
        burials=dict(Counter(found.code for story in published for found in story.of(Found) if found.code)),
        redriven=sum(story.is_redriven for story in published),
        queued=sum(story.is_in("queue") for story in published),
        lost=sum(not story.has_ended for story in published),
        recalled=sum(story.is_recalled for story in published),
        duplicates=dict(Counter(cause for cause, _ in causes)),
        examples={cause: story.told() for cause, story in reversed(causes)},
        violations=[violation for story in stories for violation in _violations(story)],
    )


def _violations(story: Story) -> Iterator[Violation]:
    for promise in _broken(story):
        yield Violation(promise, story.key, story.told())


def _broken(story: Story) -> Iterator[str]:
    arrivals = story.of(Arrived)
    if story.of(Published) and not story.has_ended:
        yield "lost"
    if any(cause is None for cause in causes_of(story)):
        yield "a duplicate without a cause"
    if not all(story.may_be_deleted(deleted) for deleted in story.of(Deleted)):
        yield "deleted without delivery or burial"
    if any(story.are_at_once(first, second) for first, second in pairwise(arrivals)):
        yield "sent twice at once under one lease"
    if not all(story.had_lease(arrival) for arrival in arrivals):
        yield "sent without a live lease"
