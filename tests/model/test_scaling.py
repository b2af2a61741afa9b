"""How many tasks a vendor needs: enough for the goal, never more than help, none where there is nothing to do."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.scaling import (
    LEAD,
    Memory,
    Need,
    Sight,
    Terms,
    Told,
    Why,
    decide,
    required_tasks,
    seen,
    useful_tasks,
)

TERMS = Terms(concurrency=20, latency_goal=LEAD + 100.0, timeout=10.0, per_second=80.0)  # at 2 s a request 10/s a task
SIGHT = Sight(visible=1000, request_seconds=2.0)

terms = st.builds(
    Terms,
    concurrency=st.integers(1, 500),
    latency_goal=st.floats(10, 1e5),
    timeout=st.floats(0.1, 600),
    per_second=st.none() | st.floats(1e-5, 1e4),
    batch=st.integers(1, 1000),
    paused=st.booleans(),
)
sights = st.builds(
    Sight,
    visible=st.integers(0, 10**8),
    held=st.integers(0, 10**5),
    sending=st.integers(0, 10**4),
    request_seconds=st.just(0.0) | st.floats(1e-3, 600),
    closed=st.sampled_from(["", "paused", "throttled", "blocked", "breaker"]),
    closed_seconds=st.floats(0, 1e5),
)
caps = st.integers(1, 1000)
one_told = st.builds(
    Told, st.integers(0, 99), st.integers(0, 9), st.floats(0, 9), st.sampled_from(["", "blocked"]), st.floats(0, 99)
)


@given(terms=terms, sight=sights, cap=caps, more=st.integers(0, 10**8))
def test_more_backlog_is_never_fewer_tasks(terms: Terms, sight: Sight, cap: int, more: int) -> None:
    """It is monotone in what waits, in what is in hand, and in what is in the air."""
    now = required_tasks(terms, sight, max_tasks=cap).tasks
    assert required_tasks(terms, replace(sight, visible=sight.visible + more), max_tasks=cap).tasks >= now
    assert required_tasks(terms, replace(sight, held=sight.held + more), max_tasks=cap).tasks >= now
    assert required_tasks(terms, replace(sight, sending=sight.sending + more), max_tasks=cap).tasks >= now


@given(terms=terms, sight=sights, cap=caps)
def test_never_more_than_help_or_than_may_run(terms: Terms, sight: Sight, cap: int) -> None:
    """At most the useful number under the vendor's limit, and the cap."""
    tasks = required_tasks(terms, sight, max_tasks=cap).tasks
    most = useful_tasks(terms, sight)
    assert 0 <= tasks <= cap
    assert most is None or tasks <= most


@given(terms=terms, sight=sights, cap=caps)
def test_zero_is_for_nothing_to_do(terms: Terms, sight: Sight, cap: int) -> None:
    """What is in hand always has a task; what waits has one unless nothing may be sent."""
    need = required_tasks(terms, sight, max_tasks=cap)
    if sight.held or (sight.visible and not terms.paused and not sight.closed):
        assert need.tasks >= 1
    if not sight.held and not sight.visible:
        assert need == Need(0, Why.IDLE, 0.0, vendor_bound=False)


@given(terms=terms, sight=sights, cap=caps, higher=st.floats(1, 100))
def test_a_higher_limit_is_never_fewer_tasks(terms: Terms, sight: Sight, cap: int, higher: float) -> None:
    """Nor is a higher cap."""
    now = required_tasks(terms, sight, max_tasks=cap).tasks
    raised = None if terms.per_second is None else terms.per_second * higher
    assert required_tasks(replace(terms, per_second=raised), sight, max_tasks=cap).tasks >= now
    assert required_tasks(terms, sight, max_tasks=cap + int(higher)).tasks >= now


@given(terms=terms, sight=sights, cap=caps)
def test_what_is_published_is_a_number(terms: Terms, sight: Sight, cap: int) -> None:
    """CloudWatch takes neither NaN nor infinity."""
    need = required_tasks(terms, sight, max_tasks=cap)
    assert math.isfinite(need.backlog_seconds)
    assert need.backlog_seconds >= 0


@given(goal=st.floats(1, 1e6), alone=st.floats(1, 1e8))
def test_enough_tasks_leave_time_to_start(goal: float, alone: float) -> None:
    """With what is required a backlog of `alone` seconds of one task is sent before the goal, by what a start takes."""
    sight = Sight(visible=math.ceil(alone), request_seconds=20.0)
    tasks = required_tasks(replace(TERMS, latency_goal=goal, per_second=None), sight, max_tasks=10**12).tasks
    assert alone / tasks <= max(goal - LEAD, goal / 4) * (1 + 1e-6)


def test_from_zero() -> None:
    """One message starts one task."""
    assert required_tasks(TERMS, Sight(visible=1), max_tasks=10) == Need(1, Why.BACKLOG, 1 / 80, vendor_bound=False)


def test_the_backlog_decides() -> None:
    """4,500 messages in 100 s at 10/s a task are 4.5 tasks."""
    assert required_tasks(TERMS, replace(SIGHT, visible=4500), max_tasks=10) == Need(
        5, Why.BACKLOG, 56.25, vendor_bound=False
    )


def test_the_vendor_s_limit_decides() -> None:
    """80/s of 2 s each are 160 requests in the air: eight tasks of 20, whatever waits; beyond the goal it is told."""
    far, near = replace(SIGHT, visible=10**6), replace(SIGHT, visible=20_000)
    assert required_tasks(TERMS, far, max_tasks=10) == Need(8, Why.VENDOR_LIMIT, 12_500.0, vendor_bound=True)
    assert required_tasks(TERMS, near, max_tasks=10) == Need(8, Why.VENDOR_LIMIT, 250.0, vendor_bound=False)


def test_the_cap_decides() -> None:
    """Three tasks make 30/s: the vendor could take more, so it is not what binds."""
    need = required_tasks(TERMS, replace(SIGHT, visible=30_000), max_tasks=3)
    assert need == Need(3, Why.CAP, 1000.0, vendor_bound=False)


def test_at_its_limit_with_one_task_it_is_the_vendor_that_binds() -> None:
    """A task of 40 at 0.3 s makes 133/s of 80/s allowed: no second one, and more quota is what would help."""
    terms = Terms(concurrency=40, latency_goal=300.0, timeout=10.0, per_second=80.0)
    need = required_tasks(terms, Sight(visible=10**6, request_seconds=0.3), max_tasks=10)
    assert (need.tasks, need.why, need.vendor_bound) == (1, Why.VENDOR_LIMIT, True)


def test_busy_tasks_stay() -> None:
    """Nothing waits, and 41 requests are in the air: that is what three tasks of 20 do, and one alone could not."""
    sight = Sight(visible=0, held=41, sending=41, request_seconds=2.0)
    assert required_tasks(TERMS, sight, max_tasks=10).tasks == 3


def test_the_last_message_in_hand_has_a_task() -> None:
    """Though nothing waits, and nothing is in the air."""
    assert required_tasks(TERMS, Sight(visible=0, held=1, request_seconds=2.0), max_tasks=10).tasks == 1


def test_what_a_task_looks_ahead_is_no_need_for_another() -> None:
    """It holds twice as many as it sends at once; two tasks, and then four, would hold as much more each."""
    terms = replace(TERMS, latency_goal=LEAD + 10_000.0, per_second=None)
    assert (
        required_tasks(terms, Sight(5000, held=40, sending=20, request_seconds=2.0), max_tasks=10, before=1).tasks == 1
    )


def test_a_request_may_carry_many_messages() -> None:
    """45,000 messages in tens are 4,500 requests; so much more of them are what the limit lets through."""
    terms = replace(TERMS, batch=10)
    assert required_tasks(terms, replace(SIGHT, visible=45_000), max_tasks=10) == Need(
        5, Why.BACKLOG, 56.25, vendor_bound=False
    )
    assert not required_tasks(terms, replace(SIGHT, visible=200_000), max_tasks=10).vendor_bound


@pytest.mark.parametrize(
    ("visible", "before", "tasks"),
    [
        (540_000, 0, 4),  # in 13,600 s, and LEAD
        (270_000, 4, 4),  # half of it: no fewer, for the other half of the goal is gone
        (24_000, 4, 4),
        (23_999, 4, 4),
        (18_000, 4, 3),  # three send it in ten minutes
        (1, 4, 1),
        (540_000, 6, 6),
    ],
)
def test_a_backlog_that_shrinks_keeps_its_tasks(visible: int, before: int, tasks: int) -> None:
    """Until fewer can end it within ten minutes: what is left of it is not fresh."""
    terms = replace(TERMS, latency_goal=LEAD + 13_600.0)
    assert required_tasks(terms, replace(SIGHT, visible=visible), max_tasks=10, before=before).tasks == tasks


@given(goal=st.integers(10, 20_000), tasks=st.integers(1, 99), cap=st.integers(1, 19))
def test_a_backlog_ends_in_time(goal: int, tasks: int, cap: int) -> None:
    """Minute by minute, as far as so many tasks can: with LEAD before the first of them works."""
    terms = Terms(concurrency=1, latency_goal=goal, timeout=9.0)
    alone = tasks * goal / 10  # seconds, by one task
    memory, left, minutes = Memory(request_seconds=1.0), alone, 0
    while left > 0:
        decision = decide(terms, math.ceil(left), [], memory, now=60.0 * minutes, max_tasks=cap)
        memory, left, minutes = decision.memory, left - 60 * decision.tasks, minutes + 1
    possible = alone / cap
    assert 60 * minutes <= max(goal - LEAD, goal / 4, possible) + 60


def test_an_unknown_duration_is_a_tenth_of_the_timeout() -> None:
    """Nobody has made a request: 10 s are taken for 1 s, so 20/s a task."""
    assert required_tasks(TERMS, Sight(visible=6000), max_tasks=10).tasks == 3


def test_without_a_limit_only_the_cap_binds() -> None:
    """It is never told to buy quota."""
    need = required_tasks(replace(TERMS, per_second=None), replace(SIGHT, visible=10**7), max_tasks=10)
    assert need == Need(10, Why.CAP, 100_000.0, vendor_bound=False)


@pytest.mark.parametrize(
    ("closed", "seconds", "held", "tasks", "why"),
    [
        ("throttled", 3600.0, 0, 0, Why.COOLING),  # till when is known: nobody is needed
        ("throttled", 3600.0, 21, 2, Why.COOLING),  # but for what is in hand
        ("throttled", 100.0, 0, 5, Why.BACKLOG),  # it opens before they would be there
        ("breaker", 30.0, 0, 1, Why.AWAY),  # one probes
        ("breaker", 3600.0, 0, 0, Why.AWAY),
        ("blocked", 0.0, 0, 1, Why.BLOCKED),
        ("blocked", 60.0, 41, 3, Why.BLOCKED),
        ("blocked", 3600.0, 0, 0, Why.BLOCKED),
        ("paused", 0.0, 0, 1, Why.BLOCKED),
    ],
)
def test_while_nothing_may_be_sent(closed: str, seconds: float, held: int, tasks: int, why: Why) -> None:
    """What is in hand is covered; one probes where a probe is near; else nobody."""
    sight = Sight(4500, held, held, 2.0, closed, seconds)
    need = required_tasks(TERMS, sight, max_tasks=10)
    assert (need.tasks, need.why) == (tasks, why)


@pytest.mark.parametrize(("held", "tasks"), [(0, 0), (1, 1), (41, 3)])
def test_a_paused_vendor_needs_tasks_for_what_is_in_hand(held: int, tasks: int) -> None:
    """And none to wait beside its queue."""
    need = required_tasks(replace(TERMS, paused=True), replace(SIGHT, held=held, sending=held), max_tasks=10)
    assert (need.tasks, need.why) == (tasks, Why.PAUSED)


def test_a_cooldown_is_part_of_how_old_the_backlog_gets() -> None:
    """800 messages at 80/s, in an hour."""
    need = required_tasks(TERMS, Sight(800, 0, 0, 2.0, "throttled", 3600.0), max_tasks=10)
    assert need.backlog_seconds == 3610.0


def test_reports_are_put_together() -> None:
    """What they hold and send is summed up, durations are the mean of those who have one."""
    assert seen(7, [Told(3, 3, 1.0), Told(4, 4, 3.0), Told(0)]) == Sight(7, 7, 7, 2.0)
    assert seen(7, []) == Sight(7)


def test_closed_is_what_all_find_closed() -> None:
    """One that sends is enough for it to be open; the first probe counts."""
    shut, sooner, sends = Told(1, 1, 1.0, "blocked", 50.0), Told(0, 0, 1.0, "breaker", 20.0), Told(2, 2, 1.0)
    assert seen(7, [shut, sooner]) == Sight(7, 1, 1, 1.0, "breaker", 20.0)
    assert seen(7, [shut, sends]).closed == ""


@given(told=st.lists(one_told))
def test_what_is_seen_does_not_depend_on_who_comes_first(told: list[Told]) -> None:
    """But for the words of two that would probe at the same time."""
    one, other = seen(1, told), seen(1, told[::-1])
    assert (one.held, one.closed_seconds) == (other.held, other.closed_seconds)


def test_a_task_that_has_met_nothing_yet_says_nothing() -> None:
    """It was only just started: what the others found closed is closed."""
    assert seen(7, [Told(0, 0, 1.0, "blocked", 50.0), Told(0)]).closed == "blocked"


def test_a_decision_stands_for_ten_minutes() -> None:
    """The most that was needed within them; then it is forgotten."""
    memory = Memory(request_seconds=2.0)
    found = []
    for minute, visible in enumerate([4500, 900, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]):
        decision = decide(TERMS, visible, [], memory, now=60.0 * minute, max_tasks=10)
        memory = decision.memory
        found.append(decision.tasks)
    assert found == [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 1, 0]


def test_durations_are_remembered_when_nobody_runs() -> None:
    """The next morning is not guessed from the timeout."""
    first = decide(TERMS, 4500, [Told(1, 1, 2.0)], Memory(), now=0.0, max_tasks=10)
    later = decide(TERMS, 4500, [], first.memory, now=50_000.0, max_tasks=10)
    assert later.sight == Sight(4500, 0, 0, 2.0)


@pytest.mark.parametrize("told", [[], [Told(0)]])
@pytest.mark.parametrize(
    ("closed", "later", "tasks"),
    [
        ("throttled", 1000.0, 0),  # 2,600 s are left
        ("throttled", 3500.0, 5),  # 100 s: time to start
        ("throttled", 9000.0, 5),
        ("blocked", 1000.0, 0),
        ("blocked", 9000.0, 1),  # until a task says otherwise
    ],
)
def test_that_it_was_closed_is_remembered_when_nobody_knows(
    told: list[Told], closed: str, later: float, tasks: int
) -> None:
    """Else all tasks would come back each time that their reports have expired, and find it closed."""
    before = decide(TERMS, 4500, [Told(0, 0, 2.0, closed, 3600.0)], Memory(), now=0.0, max_tasks=10)
    assert decide(TERMS, 4500, told, before.memory, now=later, max_tasks=10).need.tasks == tasks


def test_one_that_finds_it_closed_need_not_have_sent() -> None:
    """A task that was only just started reads the fleet's cooldown; how long a request takes is known from before."""
    before = decide(TERMS, 4500, [Told(0, 0, 2.0)], Memory(), now=0.0, max_tasks=10)
    after = decide(TERMS, 4500, [Told(0, 0, 0.0, "throttled", 3600.0)], before.memory, now=60.0, max_tasks=10)
    assert (after.need.tasks, after.need.why, after.sight.request_seconds) == (0, Why.COOLING, 2.0)


def test_one_that_sends_ends_what_is_remembered() -> None:
    """The vendor takes requests again."""
    before = decide(TERMS, 4500, [Told(0, 0, 2.0, "blocked", 3600.0)], Memory(), now=0.0, max_tasks=10)
    after = decide(TERMS, 4500, [Told(0, 0, 2.0)], before.memory, now=60.0, max_tasks=10)
    assert (after.need.tasks, after.memory.closed) == (5, "")
