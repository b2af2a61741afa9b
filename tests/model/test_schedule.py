"""The schedule: send times are apart, near enough, within every quota; news closes, opens and slows it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.adaptive import Adaptive
from worker.model.rate import Window
from worker.model.reservation import Ask, Closed, Granted, Later, LimitNews, LimitState, Probing, Reopened, Slower
from worker.model.schedule import Grant, Schedule

NOW = 1_800_000_000.0
ROUNDING = 1e-6  # seconds: a float of this day holds no more
LATE = 0.2  # a slot is used that much after its instant, at most
APART = 0.02  # two tasks' clocks, at most

SPACINGS = st.sampled_from([0.0, 1e-4, 0.0125, 1 / 3, 7.0])
ASKS = st.tuples(
    st.floats(0.0, 3.0),  # since the one before was decided
    st.floats(0.0, 0.9),  # in the air
    st.integers(1, 60),
    st.floats(-APART / 2, APART / 2),  # of the asker's clock
    st.floats(0.0, LATE),
)


def decided(schedule: Schedule, ask: Ask, now: float = NOW) -> tuple[Schedule, Granted | Later]:
    found = schedule.grant(ask, now)
    return (schedule.granted(found), found.reservation(found.start)) if isinstance(found, Grant) else (schedule, found)


def ask(count: int = 1, now: float = NOW, spacing: float = 0.0125, quotas: tuple[Window, ...] = ()) -> Ask:
    return Ask(count, spacing, now, now + 1.0, quotas)


def probed(schedule: Schedule, now: float) -> bool:
    found = schedule.grant(ask(9, now), now)
    return isinstance(found, Grant) and found.probing_until is not None


@given(st.lists(ASKS, max_size=60), SPACINGS, st.lists(st.floats(0.0, 3.0), max_size=5))
def test_send_times_are_apart_and_near(
    asks: list[tuple[float, float, int, float, float]], spacing: float, slowed: list[float]
) -> None:
    """Asked by tasks whose clocks differ and whose asks overtake one another, while the vendor throttles."""
    schedule, now, slots = Schedule(), NOW, list[float]()
    for number, (pause, flight, count, skew, _) in enumerate(asks):
        now += pause
        if number < len(slowed):
            schedule = schedule.told(Slower(now - slowed[number]), now)
        wanted = ask(count, now - flight + skew, spacing)
        schedule, found = decided(schedule, wanted, now)
        if isinstance(found, Later):
            assert found.at > now
            continue
        assert wanted.earliest - ROUNDING <= found.first <= wanted.latest + ROUNDING
        assert 1 <= found.count <= count
        assert found.first + (found.count - 1) * found.spacing <= wanted.latest + 1.0 + ROUNDING
        slots += [found.first + index * found.spacing for index in range(found.count)]
    assert all(late - early > spacing - ROUNDING for early, late in pairwise(slots))


@given(st.lists(ASKS, max_size=80), SPACINGS, st.sampled_from([61.0, 90.0, 3_600.0]), st.integers(1, 90))
def test_no_rolling_window_is_above_its_quota(
    asks: list[tuple[float, float, int, float, float]], spacing: float, seconds: float, limit: int
) -> None:
    """Each slot is used a little late, by the clock of who asked for it; pauses stretch over many windows."""
    schedule, now, sent = Schedule(), NOW, list[float]()
    window = Window(limit, seconds)
    for pause, flight, count, skew, late in asks:
        now += pause * seconds / 20
        earliest = now - flight + skew
        wanted = Ask(count, spacing, earliest, earliest + 1.0, (window,), guard=LATE + APART)
        schedule, found = decided(schedule, wanted, now)
        if isinstance(found, Granted):
            sent += [found.first + index * found.spacing - skew + late for index in range(found.count)]
    sent.sort()
    assert all(late - early > seconds - ROUNDING for early, late in zip(sent, sent[limit:], strict=False))


def test_a_grant_counts_until_its_last_send_time_is_a_window_ago() -> None:
    """It begins at the very end of a part; three may follow, at one instant, when that part has been over for long."""
    window = Window(3, 61.0)
    part_ends = math.ceil(NOW / (61 / 60)) * (61 / 60)
    schedule, found = decided(Schedule(), ask(3, part_ends - 0.01, 0.4, (window,)))
    assert isinstance(found, Granted)
    last = found.first + 2 * found.spacing
    for now in (part_ends + 61.0, last + 60.99):
        assert isinstance(schedule.grant(ask(3, now, 0.0, (window,)), now), Later)
    now = last + 61.0 + 2 * 61 / 60  # two parts: it may be used by the second
    _, found = decided(schedule, ask(3, now, 0.0, (window,)), now)
    assert isinstance(found, Granted)
    assert found.count == 3


def test_of_quotas_that_have_nothing_left_the_last_to_free_says_when() -> None:
    """Asking at the first's would be for nothing."""
    quotas = (Window(50, 600.0), Window(50, 3_600.0), Window(51, 86_400.0))
    schedule, _ = decided(Schedule(), ask(60, spacing=0.0, quotas=quotas))
    later = schedule.grant(ask(1, spacing=0.0, quotas=quotas), NOW)
    assert isinstance(later, Later)
    assert NOW + 3_600 < later.at < NOW + 3_661


@pytest.mark.parametrize("window", [Window(2_400, 120.0), Window(60, 3_600.0), Window(10**5, 86_400.0)])
def test_nearly_all_of_a_quota_is_used(window: Window) -> None:
    """Asked for more than there is, for ten windows: sixty parts of sixty-one."""
    schedule, now, count = Schedule(), NOW, 0
    while now < NOW + 10 * window.seconds * 61 / 60:
        schedule, found = decided(schedule, ask(10**6, now, 0.0, (window,)), now)
        if isinstance(found, Granted):
            count += found.count
            now += 1e-3
        else:
            assert found.at > now
            now = found.at
    assert count >= 10 * window.limit


def test_a_busy_schedule_has_no_gap() -> None:
    """To the microsecond, after an hour of a rate that no float holds."""
    schedule, now, count = Schedule(), NOW, 0
    spacing = 1 / 70  # 14,285.714… µs
    while now < NOW + 3_600:
        schedule, found = decided(schedule, ask(60, now, spacing), now)
        assert isinstance(found, Granted)
        count += found.count
        now += found.count * found.spacing - 1e-9
    assert count * spacing <= schedule.next / 1e6 - NOW <= count * (spacing + 1e-6)


def test_who_comes_too_early_is_told_when() -> None:
    """By then the first free send time is as near as it may be."""
    schedule, _ = decided(Schedule(next=round((NOW + 1.5) * 1e6)), ask())
    found = schedule.grant(ask(), NOW)
    assert found == Later(pytest.approx(NOW + 0.5, abs=ROUNDING, rel=0))
    assert isinstance(schedule.grant(ask(now=NOW + 0.5 + ROUNDING), NOW + 0.5 + ROUNDING), Grant)


def test_an_ask_that_allows_no_instant_is_given_none() -> None:
    """The latest is before the earliest: it was long in the making."""
    assert isinstance(Schedule().grant(Ask(1, 0.1, NOW, NOW - 0.1), NOW), Later)


def test_news_is_taken_once() -> None:
    """The later of two closings; no closing that is over; no reopening of what is open, or was closed anew."""
    schedule = Schedule().told(Closed(NOW + 5), NOW)
    assert schedule.closed_until == NOW + 5
    assert schedule.told(Closed(NOW + 3), NOW) is schedule
    assert schedule.told(Reopened(), NOW) is schedule
    assert schedule.told(Closed(NOW + 9), NOW).closed_until == NOW + 9
    assert schedule.told(Reopened(), NOW + 5).closed_until is None
    still_open = Schedule()
    assert still_open.told(Closed(NOW - 1), NOW) is still_open
    assert still_open.told(Reopened(), NOW) is still_open
    assert Schedule(adaptive=Adaptive(0.7, NOW)).told(Slower(NOW - 1), NOW).adaptive == Adaptive(0.7, NOW)


def test_what_is_no_news_is_a_mistake_of_ours() -> None:
    """Nothing is guessed."""
    with pytest.raises(AssertionError):
        Schedule().told(cast("LimitNews", "closed"), NOW)


def test_one_probe_goes_first() -> None:
    """Then none until it came back, or was not sent in its time, or it was answered with another closing."""
    closed = Schedule().told(Closed(NOW + 5), NOW)
    assert closed.grant(ask(), NOW + 4.9) == Later(NOW + 5, closed_until=NOW + 5)
    assert probed(closed, NOW + 5)
    probing, found = decided(closed, ask(9, NOW + 5), NOW + 5)
    assert isinstance(found, Granted)
    assert (found.count, found.probe) == (1, True)
    assert probing.grant(ask(now=NOW + 6), NOW + 6) == Later(NOW + 7)
    assert probing.grant(ask(now=NOW + 7.5), NOW + 7.5) == Later(NOW + 8)
    assert probed(probing, NOW + 8)
    assert probed(probing.told(Closed(NOW + 8), NOW + 6), NOW + 8)
    assert not probed(probing.told(Reopened(), NOW + 6), NOW + 6)


def test_a_probe_that_has_left_is_waited_for() -> None:
    """Longer than one that was only given; of what is open, or closed anew, it says nothing."""
    closed = Schedule().told(Closed(NOW + 5), NOW)
    probing, _ = decided(closed, ask(9, NOW + 5), NOW + 5)
    left = probing.told(Probing(NOW + 35), NOW + 5.1)
    assert left.grant(ask(now=NOW + 34.5), NOW + 34.5) == Later(NOW + 35)
    assert probed(left, NOW + 35)
    assert closed.told(Probing(NOW + 35), NOW + 1) is closed
    still_open = Schedule()
    assert still_open.told(Probing(NOW + 35), NOW) is still_open


def test_what_a_closed_limit_would_recover_is_taken_off_beforehand() -> None:
    """Nothing shows meanwhile that the vendor can do more: after ten seconds closed it begins where it was cut."""
    schedule = Schedule().told(Closed(NOW + 10), NOW).told(Slower(NOW), NOW)
    assert schedule.adaptive.now(NOW + 10) == pytest.approx(0.7)


def test_the_state_tells_what_is_known() -> None:
    """In seconds; what windows have used by now."""
    schedule, _ = decided(Schedule(), ask(8, quotas=(Window(100, 3_600.0),)))
    schedule = schedule.told(Slower(NOW), NOW)
    assert schedule.state(NOW) == LimitState(pytest.approx(NOW + 0.1, rel=0), None, 0.7, {3_600.0: 8})
    assert schedule.state(NOW + 4_000).used == {3_600.0: 0}
