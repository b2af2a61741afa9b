"""The demo's verdict: every promise is looked at, and each can fail by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.local.depths import Depth
from worker.local.vendors.counters import Counters, Worst
from worker.local.verdict import Evidence, judge
from worker.telemetry.counts import Tally

GOOD = Evidence(
    vendor="chat",
    published=10,
    counters=Counters(
        arrivals=12,
        answered={200: 9, 429: 2, 500: 1},
        delivered=9,
        duplicates=0,
        worst=(Worst(limit=8, seconds=1.0, count=8), Worst(limit=100, seconds=60.0, count=12)),
        closings=2,
        worst_closing=1,
        worst_defiance=0,
    ),
    depth=Depth(dead=1),
    tally=Tally(retried=1, sqs_calls=3),
)


def counted(**changes: object) -> Evidence:
    return replace(GOOD, counters=replace(GOOD.counters, **changes))  # type: ignore[arg-type]  # fields by name


def test_it_holds_where_every_promise_is_kept() -> None:
    """Delivered and buried are all that was published, nothing is left, no window is over its limit, in time."""
    verdict = judge([GOOD], 59.9, most_seconds=60)
    assert verdict.holds
    assert all(check.holds for check in verdict.checks)
    assert len(verdict.checks) == 7  # keys, left, duplicates, two windows, closings, time


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (replace(GOOD, published=11), "chat: 11 keys published = 9 delivered + 1 buried"),
        (counted(delivered=8), "chat: 10 keys published = 8 delivered + 1 buried"),
        (counted(delivered=10), "chat: 10 keys published = 10 delivered + 1 buried"),
        (replace(GOOD, depth=Depth()), "chat: 10 keys published = 9 delivered + 0 buried"),
        (replace(GOOD, depth=Depth(waiting=1, dead=1)), "chat: 1 left"),
        (replace(GOOD, depth=Depth(held=2, dead=1)), "chat: 2 left"),
        (replace(GOOD, depth=Depth(delayed=3, dead=1)), "chat: 3 left"),
        (counted(duplicates=1), "chat: 1 duplicates"),
        (counted(worst=(Worst(8, 1.0, 9),)), "at most 9 arrivals in any 1 s, its limit is 8"),
        (counted(worst=(Worst(8, 1.0, 8), Worst(100, 60.0, 101))), "at most 101 arrivals in any 60 s"),
        (counted(worst_closing=2), "closed 2 times, at most 2 arrival"),
    ],
)
def test_each_promise_can_fail(evidence: Evidence, words: str) -> None:
    """One broken promise is one failed check, which names the vendor and the figures, and the whole does not hold."""
    verdict = judge([GOOD, evidence], 1.0, most_seconds=60)
    assert not verdict.holds
    (failed,) = [check for check in verdict.checks if not check.holds]
    assert words in failed.text


def test_too_late_is_a_failure() -> None:
    """First publish to report in at most so many seconds."""
    verdict = judge([GOOD], 60.1, most_seconds=60)
    assert [check.text for check in verdict.checks if not check.holds] == [
        "first publish to report in 60.1 s, at most 60 s"
    ]
    assert verdict.figures()["holds"] == 0


def test_what_has_no_limit_and_never_closed_is_not_judged_by_them() -> None:
    """Three checks for the vendor and one for the time are left."""
    assert len(judge([counted(worst=(), closings=0, worst_closing=0)], 1.0, most_seconds=60).checks) == 4


def test_figures_are_flat() -> None:
    """A name of figure and vendor, and a number."""
    assert judge([GOOD], 12.345, most_seconds=60).figures() == {
        "seconds": 12.35,
        "holds": 1,
        "chat.published": 10,
        "chat.delivered": 9,
        "chat.buried": 1,
        "chat.left": 0,
        "chat.duplicates": 0,
        "chat.arrivals": 12,
        "chat.retried": 1,
        "chat.throttled": 2,
        "chat.closings": 2,
        "chat.worst_closing": 1,
        "chat.sqs_calls_per_message": 0.3,
        "chat.worst_1s": 8,
        "chat.limit_1s": 8,
        "chat.worst_60s": 12,
        "chat.limit_60s": 100,
    }
