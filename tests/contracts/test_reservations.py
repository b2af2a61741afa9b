"""What Reservations promises, in memory and in the state table; and what the table adds: tasks that ask at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.fakes.dynamodb import ScriptedDynamoDb
from tests.fakes.manual_clock import ManualClock
from worker.aws.limititem import limit_of_key, limit_of_vendor
from worker.aws.reservations import KEEP, TableReservations
from worker.aws.session import Aws
from worker.aws.statetable import StateTable
from worker.model.errors import RefusedError, UnavailableError
from worker.model.message import VendorName
from worker.model.rate import Window
from worker.model.reservation import Ask, Closed, Granted, Later, LimitState, Probing, Reopened, Reservation, Slower
from worker.pipeline.reservations import MemoryReservations
from worker.ports import Reservations

LIMIT = limit_of_vendor(VendorName("foo"))
SPACING = 0.0125
LEAD = 1.0
ROUNDING = 1e-6  # seconds: a float of this day holds no more
HOUR = Window(60, 3_600.0)
SKEWS = [0.0, 0.01, -0.01, 0.004, -0.004, 0.007, -0.007, 0.002]


@dataclass
class Skewed:
    """A task's own clock: it differs from the true one."""

    true: ManualClock
    by: float

    def monotonic(self) -> float:
        return self.true.monotonic() + self.by

    def now(self) -> datetime:
        return self.true.now() + timedelta(seconds=self.by)


@dataclass
class Counting:
    """A client that counts what is asked of it."""

    client: Any
    calls: int = 0

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        self.calls += 1
        return getattr(self.client, operation)


@dataclass
class Forgetful:
    """A client whose replies get lost after the write has happened."""

    client: Any
    lost: list[dict[str, Any]] = field(default_factory=list)

    async def update_item(self, **parameters: Any) -> Any:
        self.lost.append(await self.client.update_item(**parameters))
        raise ReadTimeoutError(endpoint_url="x")


@pytest.fixture(params=["memory", "table"])
def askers(request: pytest.FixtureRequest, clock: ManualClock) -> Sequence[Reservations]:
    """Eight ways to one limit: eight gates of a process, eight tasks."""
    if request.param == "memory":
        return [MemoryReservations(clock)] * len(SKEWS)
    return tasks(request.getfixturevalue("state_table"), clock)


@pytest.fixture
def reservations(askers: Sequence[Reservations]) -> Reservations:
    return askers[0]


def tasks(table: StateTable, clock: ManualClock) -> list[TableReservations]:
    return [TableReservations(table, LIMIT, Skewed(clock, skew)) for skew in SKEWS]


def counted(table: StateTable) -> tuple[StateTable, Counting]:
    client = Counting(table.client)
    return replace(table, client=client), client


def instant(clock: ManualClock) -> float:
    return clock.now().timestamp()


def ask(clock: ManualClock, count: int = 1, **changes: Any) -> Ask:
    now = instant(clock)
    return replace(Ask(count, SPACING, now, now + LEAD), **changes)


def slots(granted: Reservation) -> list[float]:
    assert isinstance(granted, Granted)
    return [granted.first + index * granted.spacing for index in range(granted.count)]


def conflict(item: dict[str, Any]) -> ClientError:
    return ClientError({"Error": {"Code": "ConditionalCheckFailedException"}, "Item": item}, "UpdateItem")


def near(value: float) -> Any:
    return pytest.approx(value, abs=ROUNDING, rel=0)


async def test_an_idle_limit_begins_at_the_earliest(reservations: Reservations, clock: ManualClock) -> None:
    """All that is asked for, at the limit's spacing; so it does again once it has been idle for a while."""
    for _ in range(2):
        now = instant(clock)
        granted = await reservations.reserve(ask(clock, 10, earliest=now + 0.02))
        assert granted == Granted(near(now + 0.02), 10, near(SPACING))
        clock.seconds += 10


async def test_who_asks_next_is_given_what_follows(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """Without a gap, whoever it is and however many."""
    now = instant(clock)
    given = [slot for count, asker in enumerate(askers, 1) for slot in slots(await asker.reserve(ask(clock, count)))]
    assert given == [near(now + index * SPACING) for index in range(36)]


async def test_none_begins_after_the_latest(reservations: Reservations, clock: ManualClock) -> None:
    """The time to ask again is when the first free send time will be near enough."""
    first = await reservations.reserve(ask(clock, 80))
    assert isinstance(first, Granted)
    assert isinstance(await reservations.reserve(ask(clock, 2)), Granted)  # 1 s ahead: the latest there is
    later = await reservations.reserve(ask(clock, 10))
    assert later == Later(near(instant(clock) + 2 * SPACING))
    clock.seconds += 2 * SPACING + ROUNDING
    assert slots(await reservations.reserve(ask(clock)))[0] == near(first.first + 82 * SPACING)


async def test_what_is_given_ends_about_the_latest_however_much_is_asked_for(
    reservations: Reservations, clock: ManualClock
) -> None:
    """A slow limit's schedule is not given away to one task for minutes."""
    granted = await reservations.reserve(ask(clock, 40, spacing=0.4))
    assert granted == Granted(near(instant(clock)), 3, near(0.4))


async def test_a_limit_without_a_schedule_gives_all_at_once(reservations: Reservations, clock: ManualClock) -> None:
    """Only the quotas count."""
    for _ in range(2):
        assert await reservations.reserve(ask(clock, 30, spacing=0.0)) == Granted(near(instant(clock)), 30, 0.0)


async def test_a_closed_limit_gives_nothing(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """All hear until when; of several closings the latest counts; one that is over changes nothing."""
    now = instant(clock)
    await askers[1].reserve(ask(clock))
    for asker, seconds in ((askers[0], 5), (askers[1], 9), (askers[2], 7), (askers[2], -1)):
        await asker.tell(Closed(now + seconds))
    for asker in askers:
        assert await asker.reserve(ask(clock)) == Later(near(now + 9), closed_until=near(now + 9))
    assert (await askers[0].state()).closed_until == near(now + 9)


async def test_a_closing_that_is_over_closes_nothing(reservations: Reservations, clock: ManualClock) -> None:
    """It comes from a task that could not tell it in time."""
    await reservations.tell(Closed(instant(clock) - 1))
    granted = await reservations.reserve(ask(clock, 2))
    assert isinstance(granted, Granted)
    assert (granted.count, granted.probe) == (2, False)


async def test_one_probe_goes_first(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """Of all that ask once the time is over one is given one send time; the others look again within a second."""
    await askers[0].tell(Closed(instant(clock) + 5))
    clock.seconds += 5.02
    found = await asyncio.gather(*(asker.reserve(ask(clock, 10)) for asker in askers))
    (probe,) = [granted for granted in found if isinstance(granted, Granted)]
    assert (probe.count, probe.probe) == (1, True)
    now = instant(clock)
    assert all(now < later.at <= now + 1.01 for later in found if isinstance(later, Later))


async def test_a_probe_that_is_not_heard_of_again_is_followed_by_another(
    askers: Sequence[Reservations], clock: ManualClock
) -> None:
    """Its task died."""
    await askers[0].tell(Closed(instant(clock) + 1))
    clock.seconds += 1.02
    await askers[0].reserve(ask(clock, probe=30.0))
    clock.seconds += 29.5
    assert await askers[1].reserve(ask(clock)) == Later(pytest.approx(instant(clock) + 0.5, abs=0.02))
    clock.seconds += 0.52
    assert [getattr(await asker.reserve(ask(clock)), "probe", False) for asker in askers[2:4]] == [True, False]


async def test_a_probe_that_has_left_is_waited_for(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """One that was only given is not, for long; and of what is open, or closed anew, its news say nothing."""
    await askers[0].tell(Probing(instant(clock) + 30))
    assert isinstance(await askers[1].reserve(ask(clock)), Granted)
    await askers[0].tell(Closed(instant(clock) + 1))
    clock.seconds += 1.02
    await askers[0].reserve(ask(clock))
    await askers[0].tell(Probing(instant(clock) + 30))
    clock.seconds += 29.5
    assert isinstance(await askers[1].reserve(ask(clock)), Later)
    clock.seconds += 0.52
    assert isinstance(await askers[1].reserve(ask(clock)), Granted)
    clock.seconds += 3.02
    assert isinstance(await askers[2].reserve(ask(clock)), Granted)
    await askers[1].tell(Closed(instant(clock) + 5))
    await askers[2].tell(Probing(instant(clock) + 30))
    clock.seconds += 5.02
    assert isinstance(await askers[3].reserve(ask(clock)), Granted)


async def test_what_a_probe_reopens_is_open_for_all(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """At once, for those too that have last seen it closed."""
    await askers[0].tell(Closed(instant(clock) + 1))
    for asker in askers:
        assert isinstance(await asker.reserve(ask(clock)), Later)
    clock.seconds += 1.02
    assert isinstance(await askers[1].reserve(ask(clock)), Granted)
    assert isinstance(await askers[2].reserve(ask(clock)), Later)
    await askers[1].tell(Reopened())
    for asker in askers:
        granted = await asker.reserve(ask(clock, 2))
        assert isinstance(granted, Granted)
        assert (granted.count, granted.probe) == (2, False)
    assert (await askers[0].state()).closed_until is None


async def test_what_was_closed_anew_is_not_reopened(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """A probe's good news comes late, or twice; then the vendor's last word counts, and its own probe comes first."""
    await askers[0].tell(Reopened())  # of nothing
    await askers[0].tell(Closed(instant(clock) + 1))
    clock.seconds += 1.02
    await askers[0].reserve(ask(clock))
    until = instant(clock) + 5
    await askers[1].tell(Closed(until))
    await askers[0].tell(Reopened())
    assert await askers[0].reserve(ask(clock)) == Later(near(until), closed_until=near(until))
    clock.seconds += 5.02
    probe = await askers[2].reserve(ask(clock, 5))  # though the first probe's time is not over
    assert isinstance(probe, Granted)
    assert probe.probe


async def test_a_closing_told_twice_does_not_send_a_second_probe(
    askers: Sequence[Reservations], clock: ManualClock
) -> None:
    """A reply got lost, so it was told again while the probe is out."""
    closed = Closed(instant(clock) + 1)
    await askers[0].tell(closed)
    clock.seconds += 1.02
    await askers[0].reserve(ask(clock))
    await askers[0].tell(closed)
    assert isinstance(await askers[1].reserve(ask(clock)), Later)


async def test_a_probe_keeps_the_schedule(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """What was given before the limit closed may still be ahead."""
    before = slots(await askers[0].reserve(ask(clock, 40)))
    await askers[0].tell(Closed(instant(clock) + 0.1))
    clock.seconds += 0.12
    assert slots(await askers[1].reserve(ask(clock, 5))) == [near(before[-1] + SPACING)]


async def test_a_throttled_limit_is_slower_and_recovers(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """By three tenths at once; a hundredth of the full rate comes back in each second; never above the full rate."""
    await askers[1].reserve(ask(clock))
    await askers[0].tell(Slower(instant(clock)))
    spacings = []
    for asker, seconds in zip(askers, (0, 10, 20, 100), strict=False):
        clock.seconds += seconds
        granted = await asker.reserve(ask(clock, 2))
        assert isinstance(granted, Granted)
        spacings.append(granted.spacing)
    assert spacings == pytest.approx([SPACING / factor for factor in (0.7, 0.8, 1.0, 1.0)], rel=1e-3)


async def test_a_rate_is_cut_once_for_all_that_left_before(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """Forty 429s of one round trip are one throttling; one to a request that left after it is another."""
    left = instant(clock)
    clock.seconds += 0.2
    await asyncio.gather(*(asker.tell(Slower(left + index / 100)) for index, asker in enumerate(askers)))
    assert (await askers[0].state()).factor == pytest.approx(0.7, abs=0.001)
    clock.seconds += 1
    await askers[3].tell(Slower(instant(clock) - 0.1))
    assert (await askers[0].state()).factor == pytest.approx(0.71 * 0.7, abs=0.001)


async def test_a_slowed_limit_is_still_closed_when_it_was(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """Though others have closed it, and closed it for longer; what it would regain meanwhile is not regained."""
    until = instant(clock) + 9
    await askers[0].tell(Closed(until - 4))
    await askers[1].reserve(ask(clock))
    await askers[2].tell(Closed(until))
    await askers[1].tell(Slower(instant(clock)))
    assert (await askers[3].state()).closed_until == near(until)
    clock.seconds += 9
    assert (await askers[2].state()).factor == pytest.approx(0.7, abs=0.001)


async def test_of_a_quota_no_more_is_given_than_is_left(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """Whoever asks: 40, then the last 20 of 30, then nothing until the oldest part of the hour is an hour old."""
    quotas = {"quotas": (HOUR,), "spacing": 0.0, "guard": 1.0}
    assert len(slots(await askers[0].reserve(ask(clock, 40, **quotas)))) == 40
    assert len(slots(await askers[1].reserve(ask(clock, 30, **quotas)))) == 20
    later = await askers[2].reserve(ask(clock, 1, **quotas))
    assert isinstance(later, Later)
    assert 3_600 < later.at - instant(clock) <= 3_600 + 60 + 2
    clock.seconds += later.at - instant(clock) - 0.5
    assert isinstance(await askers[3].reserve(ask(clock, 1, **quotas)), Later)
    clock.seconds += 0.52
    assert len(slots(await askers[4].reserve(ask(clock, 80, **quotas)))) == 60


async def test_the_tightest_quota_decides(reservations: Reservations, clock: ManualClock) -> None:
    """And of those that have nothing left, the one that frees last says when."""
    quotas = (Window(50, 600.0), HOUR)
    assert len(slots(await reservations.reserve(ask(clock, 80, spacing=0.0, quotas=quotas)))) == 50
    clock.seconds += 700
    assert len(slots(await reservations.reserve(ask(clock, 80, spacing=0.0, quotas=quotas)))) == 10
    later = await reservations.reserve(ask(clock, 1, spacing=0.0, quotas=quotas))
    assert isinstance(later, Later)
    assert 2_800 < later.at - instant(clock) < 2_965


async def test_a_quota_that_was_long_idle_is_whole_again(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """All of its parts, in all of its windows, go at once."""
    quotas = (Window(500, 3_600.0), Window(500, 86_400.0), Window(500, 7 * 86_400.0))
    for _ in range(62):
        await askers[0].reserve(ask(clock, 1, quotas=quotas))
        clock.seconds += 7 * 86_400.0 / 60
    clock.seconds += 8 * 86_400.0
    for asker in askers[:2]:  # the second has never seen the item
        granted = await asker.reserve(ask(clock, 250, spacing=0.0, quotas=quotas))
        assert len(slots(granted)) == 250
    assert isinstance(await askers[0].reserve(ask(clock, 1, quotas=quotas)), Later)


async def test_the_state_tells_what_is_known(askers: Sequence[Reservations], clock: ManualClock) -> None:
    """For people; of a limit of which nothing is known, nothing."""
    assert await askers[0].state() == LimitState()
    now = instant(clock)
    await askers[0].reserve(ask(clock, 10, quotas=(HOUR,)))
    assert await askers[1].state() == LimitState(near(now + 10 * SPACING), None, 1.0, {3_600.0: 10})
    clock.seconds += 3_700
    assert (await askers[1].state()).used == {3_600.0: 0}


@pytest.mark.parametrize("guard", [0.0, 5.0])
async def test_no_rolling_window_is_above_its_quota(
    askers: Sequence[Reservations], clock: ManualClock, guard: float
) -> None:
    """Eight askers, their clocks apart, all ask for more than there is; in truth what each is given is sent late.

    And nearly all that may be is used: 60 parts of 61, and what a late start and the clocks' difference cost.
    """
    chance = random.Random(1)
    window, late, apart = Window(30, 120.0), 0.2, 0.02
    quotas = {"quotas": (window,), "guard": guard + late + apart, "spacing": 0.5}
    sent: list[float] = []
    began = instant(clock)

    def wanted(each: int) -> Ask:
        now = instant(clock) + SKEWS[each]
        return ask(clock, chance.randint(1, 4), earliest=now, latest=now + LEAD, **quotas)

    for _ in range(150):
        asking = chance.sample(range(len(askers)), 3)
        found = await asyncio.gather(*(askers[each].reserve(wanted(each)) for each in asking))
        for each, granted in zip(asking, found, strict=True):
            if isinstance(granted, Granted):  # slots are by the asker's clock
                sent += [slot - SKEWS[each] + late * chance.random() for slot in slots(granted)]
        clock.seconds += chance.choice([0.3, 1.0, 6.0])
    sent.sort()
    assert all(
        after - before > window.seconds + guard for before, after in zip(sent, sent[window.limit :], strict=False)
    )
    periods = (instant(clock) - began) / (window.seconds * 61 / 60 + guard + late + apart + LEAD)
    assert len(sent) >= 0.97 * window.limit * int(periods)


async def test_eight_askers_at_once_are_never_given_the_same(
    askers: Sequence[Reservations], clock: ManualClock
) -> None:
    """Two hundred reserves each, at the same time, their clocks apart: all send times are a spacing apart.

    Each begins within what was asked for. Slow, some seconds: each is a call to the embedded AWS.
    """
    chance = random.Random(1)
    given: list[float] = []

    async def one(asker: Reservations) -> None:
        for _ in range(200):
            wanted = ask(clock, chance.randint(1, 5))
            found = await asker.reserve(wanted)
            if isinstance(found, Granted):
                assert wanted.earliest - ROUNDING <= found.first <= wanted.latest + ROUNDING
                assert 1 <= found.count <= wanted.count
                given.extend(slots(found))
            clock.seconds += chance.choice([0.0, 0.01, 0.04, 0.08])

    await asyncio.gather(*(one(asker) for asker in askers))
    given.sort()
    assert len(given) > 1_000
    assert min(after - before for before, after in pairwise(given)) > SPACING - ROUNDING


async def test_of_news_and_asks_of_all_kinds_the_table_makes_what_memory_makes(
    state_table: StateTable, clock: ManualClock
) -> None:
    """Whichever task asks, however long ago it has last seen the limit: nothing is decided by what it remembers."""
    chance = random.Random(1)
    memory = MemoryReservations(clock)
    crew = [TableReservations(state_table, LIMIT, clock) for _ in range(3)]
    quotas = (Window(40, 90.0), Window(400, 3_600.0))
    for _ in range(600):
        task, now = chance.choice(crew), instant(clock)
        match chance.choice(["ask"] * 12 + ["closed", "reopened", "slower"]):
            case "ask":
                wanted = ask(clock, chance.randint(1, 12), quotas=quotas[: chance.randint(1, 2)], probe=3.0)
                assert await task.reserve(wanted) == await memory.reserve(wanted)
            case told:
                news = {"closed": Closed(now + 2), "reopened": Reopened(), "slower": Slower(now - 0.1)}[told]
                await task.tell(news)
                await memory.tell(news)
        assert await task.state() == await memory.state()
        clock.seconds += chance.choice([0.0, 0.05, 0.5, 3.0, 3.0, 60.0])


async def test_the_common_case_is_one_call(state_table: StateTable, clock: ManualClock) -> None:
    """Of a task alone: when the schedule is ahead, when it has run out, when it is slowed down, with quotas."""
    table, client = counted(state_table)
    task = TableReservations(table, LIMIT, clock)
    await task.tell(Slower(instant(clock)))
    client.calls = 0
    for pause in (0.0, 0.05, 10.0, 0.0, 3_600.0, 60.0):
        clock.seconds += pause
        assert isinstance(await task.reserve(ask(clock, 10, quotas=(Window(10_000, 3_600.0),))), Granted)
    assert client.calls == 6


async def test_eight_tasks_that_keep_a_schedule_busy_need_one_call_a_grant(
    state_table: StateTable, clock: ManualClock
) -> None:
    """Each asks again just before its last send time, as its keeper does; only who never saw the limit asks twice."""
    table, client = counted(state_table)
    until = [instant(clock)] * len(SKEWS)
    crew = tasks(table, clock)
    for _ in range(200):
        index = until.index(min(until))
        clock.seconds += max(0.0, until[index] - 0.05 - instant(clock))
        until[index] = slots(await crew[index].reserve(ask(clock, 10)))[-1]
    assert client.calls <= 200 + len(SKEWS)


async def test_who_asks_when_his_own_send_times_are_over_needs_one_call_too(
    state_table: StateTable, clock: ManualClock
) -> None:
    """By what he knows the schedule has run out, but others have gone on: after the first time he counts on it."""
    table, client = counted(state_table)
    until = [instant(clock)] * len(SKEWS)
    crew = tasks(table, clock)
    for _ in range(200):
        index = until.index(min(until))
        clock.seconds += max(0.0, until[index] + 0.02 - instant(clock))
        until[index] = slots(await crew[index].reserve(ask(clock, 9)))[-1]
    assert client.calls <= 200 + 2 * len(SKEWS)
    clock.seconds += 60.0  # nobody goes on: the first call shows it
    client.calls = 0
    for _ in range(5):
        clock.seconds += 60.0
        await crew[0].reserve(ask(clock))
    assert client.calls <= 6


async def test_a_restart_keeps_all(state_table: StateTable, clock: ManualClock) -> None:
    """The new task gets no fresh bucket: schedule, cooldown, factor and counts are as the old one left them."""
    old = TableReservations(state_table, LIMIT, clock)
    last = slots(await old.reserve(ask(clock, 40, quotas=(HOUR,))))[-1]
    new = TableReservations(state_table, LIMIT, clock)
    assert slots(await new.reserve(ask(clock, 30, quotas=(HOUR,)))) == [
        near(last + SPACING * index) for index in range(1, 21)
    ]
    await old.tell(Slower(instant(clock)))
    await old.tell(Closed(instant(clock) + 5))
    newer = TableReservations(state_table, LIMIT, clock)
    assert isinstance(await newer.reserve(ask(clock)), Later)
    assert (
        await newer.state()
        == await old.state()
        == LimitState(near(last + 21 * SPACING), near(instant(clock) + 5), 0.7, {3_600.0: 60})
    )


async def test_a_write_whose_reply_is_lost_wastes_its_send_times(state_table: StateTable, clock: ManualClock) -> None:
    """They are nobody's, and counted; the next are given to who asks again."""
    forgetful = Forgetful(state_table.client)
    task = TableReservations(replace(state_table, client=forgetful), LIMIT, clock)
    with pytest.raises(UnavailableError, match="UpdateItem"):
        await task.reserve(ask(clock, 10, quotas=(HOUR,)))
    assert len(forgetful.lost) == 1
    task = TableReservations(state_table, LIMIT, clock)
    assert slots(await task.reserve(ask(clock)))[0] == near(instant(clock) + 10 * SPACING)
    assert (await task.state()).used == {3_600.0: 10}


async def test_a_limit_that_is_forgotten_begins_anew(state_table: StateTable, clock: ManualClock) -> None:
    """DynamoDB has deleted it, and a task still remembers it."""
    task = TableReservations(state_table, LIMIT, clock)
    await task.reserve(ask(clock, 80, quotas=(HOUR,)))
    await state_table.delete(LIMIT)
    assert slots(await task.reserve(ask(clock, 5, quotas=(HOUR,))))[0] == near(instant(clock))
    assert (await task.state()).used == {3_600.0: 5}


async def test_a_limit_that_began_anew_gives_nothing_of_the_past(state_table: StateTable, clock: ManualClock) -> None:
    """A task remembers the old one, whose schedule was far ahead; that of the new one is behind by now."""
    old, new = (TableReservations(state_table, LIMIT, clock) for _ in range(2))
    await old.reserve(ask(clock, 80))
    await state_table.delete(LIMIT)
    await new.reserve(ask(clock))
    clock.seconds += 0.5
    assert slots(await old.reserve(ask(clock)))[0] == near(instant(clock))


async def test_what_others_have_counted_since_is_not_lost(state_table: StateTable, clock: ManualClock) -> None:
    """A task removes a part that it saw when others were still counting in it: all of it is free again."""
    here, there = (TableReservations(state_table, LIMIT, clock) for _ in range(2))
    quotas = {"quotas": (Window(30, 3_600.0),), "spacing": 0.0}
    await here.reserve(ask(clock, 5, **quotas))
    await there.reserve(ask(clock, 20, **quotas))
    clock.seconds += 3_700
    counts = [len(slots(await task.reserve(ask(clock, count, **quotas)))) for task, count in ((here, 28), (there, 9))]
    assert counts == [28, 2]


async def test_an_item_that_has_expired_is_taken_up_again(state_table: StateTable, clock: ManualClock) -> None:
    """DynamoDB deletes late: what it has counted is long over; that it was closed, and never probed, still counts."""
    task = TableReservations(state_table, LIMIT, clock)
    await task.reserve(ask(clock, 60, spacing=0.0, quotas=(HOUR,)))
    await task.tell(Closed(instant(clock) + 5))
    clock.seconds += KEEP.total_seconds() + 10
    assert await task.state() == LimitState()
    new = TableReservations(state_table, LIMIT, clock)
    probe = await new.reserve(ask(clock, 60, spacing=0.0, quotas=(HOUR,)))
    assert probe == Granted(near(instant(clock)), 1, 0.0, probe=True)
    await new.tell(Reopened())
    assert len(slots(await new.reserve(ask(clock, 80, spacing=0.0, quotas=(HOUR,))))) == 59


async def test_a_limit_lives_as_long_as_it_matters(state_table: StateTable, clock: ManualClock) -> None:
    """Its keep after the last grant, and after a closing; being slowed down shortens neither."""
    keep = timedelta(days=8)
    task = TableReservations(state_table, LIMIT, clock, keep=keep)
    await task.reserve(ask(clock))
    now = instant(clock)
    assert (await state_table.get_many([LIMIT]))[LIMIT].expires == pytest.approx(now + keep.total_seconds(), abs=1)
    await task.tell(Closed(now + 86_400))
    await task.tell(Slower(now))
    expires = (await state_table.get_many([LIMIT]))[LIMIT].expires
    assert expires == pytest.approx(now + 86_400 + keep.total_seconds(), abs=1)


async def test_limits_are_apart(state_table: StateTable, clock: ManualClock) -> None:
    """A vendor and a limit key of one name are two limits; a value that DynamoDB would not take as a key is one too."""
    names = [limit_of_vendor(VendorName("foo")), limit_of_key("foo"), limit_of_key("shop/" + "ü" * 2_000)]
    for name in names:
        task = TableReservations(state_table, name, clock)
        assert slots(await task.reserve(ask(clock)))[0] == near(instant(clock))
    assert len({(name.pk, name.sk) for name in names}) == 3


async def test_who_always_comes_too_late_asks_again_soon(clock: ManualClock) -> None:
    """Others were faster each time; the call ends, and nothing is given."""
    here, there = (
        {"pk": {"S": LIMIT.pk}, "sk": {"S": LIMIT.sk}, "expires": {"N": "4000000000"}, "factor_at": {"N": at}}
        for at in ("1", "2")
    )
    refusals = [conflict(item) for item in (here, there) * 5]
    client = ScriptedDynamoDb(refusals)
    task = TableReservations(StateTable(client, "state", clock), LIMIT, clock, chance=lambda: 0.5)
    assert await task.reserve(ask(clock)) == Later(near(instant(clock) + 0.05))
    assert 3 <= len(client.asked) <= 5
    await task.tell(Slower(instant(clock)))
    assert len(client.asked) <= 10


async def test_a_table_away_is_unavailable(table_away: StateTable, clock: ManualClock) -> None:
    """Each method says so: whoever asks decides what to do without."""
    task = TableReservations(table_away, LIMIT, clock)
    for call in (task.reserve(ask(clock)), task.tell(Slower(instant(clock))), task.state()):
        with pytest.raises(UnavailableError, match="on away"):
            await call


async def test_no_table_is_refused(aws: Aws, unique_name: str, clock: ManualClock) -> None:
    """With the way out."""
    task = TableReservations(await StateTable.open(aws, unique_name, clock), LIMIT, clock)
    for call in (task.reserve(ask(clock)), task.tell(Closed(instant(clock) + 5)), task.state()):
        with pytest.raises(RefusedError, match="sluice up"):
            await call
