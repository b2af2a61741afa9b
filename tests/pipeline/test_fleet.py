"""One task of a fleet: what it asks the table, what it tells the others, and what it does without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.fleet import TaskClock
from tests.fakes.loop import stall, virtual_time
from tests.fakes.reservations import FaultyReservations
from tests.fakes.telemetry import RecordedTelemetry
from tests.fakes.windows import most_within
from worker.model.errors import BadMessageError, RefusedError, UnavailableError
from worker.model.events import LimiterAsked, LimiterDegraded, LimiterRestored, SlotsForfeited, TableCallFailed
from worker.model.pacing import GIVEN_UP, PATIENCE, PROOF, pacing
from worker.model.rate import Rate, Window, parse_rate
from worker.model.reservation import Ask, Closed, Granted
from worker.pipeline.contact import Contact
from worker.pipeline.fellows import Fellows
from worker.pipeline.fleet import FleetThrottle, Share
from worker.pipeline.pacer import Pacer

GUARD = 0.02
RATE = parse_rate("80/s")
FOR_EVER = 100_000


@dataclass
class Task:
    """A throttle and what it says."""

    reservations: FaultyReservations = field(default_factory=FaultyReservations)
    rate: Rate = RATE
    max_tasks: int = 2
    most_cost: int = 1
    adaptive: bool = False
    clock: TaskClock = field(default_factory=TaskClock)
    contact: Contact = field(default_factory=Contact)
    telemetry: RecordedTelemetry = field(default_factory=RecordedTelemetry)
    closings: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        share = Share("foo", self.rate, GUARD, self.max_tasks, most_cost=self.most_cost, adaptive=self.adaptive)
        self.fellows = Fellows(self.max_tasks)
        self.pacing = pacing(self.rate, guard=GUARD, max_tasks=self.max_tasks, largest=self.most_cost)
        self.throttle = FleetThrottle(
            share,
            self.reservations,
            clock=self.clock,
            telemetry=self.telemetry,
            closed=self.closings.append,
            fellows=self.fellows,
            contact=self.contact,
        )

    @property
    def faults(self) -> Any:
        return self.reservations.faults

    def lose_the_table(
        self, error: Exception | None = None, operations: tuple[str, ...] = ("reserve", "state")
    ) -> None:
        for operation in operations:
            self.faults.fail_next(operation, error or UnavailableError("away", code="Away"), FOR_EVER)

    def find_the_table(self) -> None:
        self.faults._next.clear()

    async def send(self, count: int, cost: int = 1, hand: int = 40) -> list[float]:
        """So many, one after the other."""
        sent = []
        for _ in range(count):
            self.throttle.wanted = hand
            await self.throttle.wait(cost)
            self.throttle.take(cost)
            sent.append(now())
        self.throttle.wanted = 0
        self.sent += [instant for instant in sent for _ in range(cost)]
        return sent

    async def send_for(self, seconds: float) -> list[float]:
        """As many as can be sent."""
        sent: list[float] = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    sent += await self.send(1)
        except TimeoutError:
            return sent


@asynccontextmanager
async def kept(*tasks: Task) -> AsyncIterator[None]:
    """Their keepers run; the tasks have rested."""
    keeping = [asyncio.create_task(task.throttle.keep()) for task in tasks]
    await asyncio.sleep(max(task.pacing.rest for task in tasks) + 0.1)
    yield
    for each in keeping:
        each.cancel()
    ended = await asyncio.gather(*keeping, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended)


def now() -> float:
    return asyncio.get_running_loop().time()


async def until(met: Callable[[], bool], seconds: float = 60.0) -> float:
    """Seconds until it is met."""
    began = now()
    while not met():
        assert now() - began < seconds
        await asyncio.sleep(0.05)
    return now() - began


def test_it_is_a_pacer() -> None:
    """As the gate needs one."""
    pacer: Pacer = Task().throttle
    assert pacer.room > 40
    pacer.room = 3
    assert pacer.room == 3


@virtual_time
async def test_who_starts_alone_waits_until_nobody_sends_a_safe_share() -> None:
    """Then its send times are a spacing apart."""
    task = Task()
    keeping = asyncio.create_task(task.throttle.keep())
    began = now()
    sent = await task.send(50)
    keeping.cancel()
    assert task.pacing.rest <= sent[0] - began <= task.pacing.rest + 0.1
    assert all(after - before >= task.pacing.spacing - 1e-5 for before, after in pairwise(sent))
    assert sent[-1] - sent[0] == pytest.approx(49 * task.pacing.spacing, abs=0.02)


@virtual_time
async def test_who_starts_beside_others_need_not_wait() -> None:
    """It has seen them reserve: they had waited, so nobody sends a safe share."""
    old = Task()
    new = Task(old.reservations)
    async with kept(old):
        sending = asyncio.create_task(old.send_for(10.0))
        await asyncio.sleep(5.0)
        keeping = asyncio.create_task(new.throttle.keep())
        began = now()
        [first] = await new.send(1)
        assert first - began < new.pacing.rest - 0.5
        await sending
        keeping.cancel()


@virtual_time
async def test_it_asks_for_what_is_wanted_and_not_for_more() -> None:
    """At most its part of what the lead holds, and what can leave at once; without demand only to stay in touch."""
    task = Task()
    async with kept(task):
        await task.send(3, hand=3)
        assert task.reservations.asks[0].count == 3
        await asyncio.sleep(1)
        await task.send(1, hand=500)
        assert task.reservations.asks[-1].count == 36  # a second of 80/s, less the tolerance, by two
        await asyncio.sleep(2)
        task.throttle.room = 5
        await task.send(1, hand=500)
        assert task.reservations.asks[-1].count == 5
        asked, looked = len(task.reservations.asks), task.faults.calls["state"]
        await asyncio.sleep(30)
        assert len(task.reservations.asks) == asked
        assert 19 <= task.faults.calls["state"] - looked <= 21


@virtual_time
async def test_limits_of_a_process_stay_in_touch_by_one_of_them() -> None:
    """Each call of one of them does."""
    one = Task()
    two = Task(contact=one.contact)
    async with kept(one, two):
        before = one.faults.calls["state"] + two.faults.calls["state"]
        await asyncio.sleep(30)
        assert one.faults.calls["state"] + two.faults.calls["state"] - before <= 22


@virtual_time
async def test_limits_of_a_process_do_not_all_ask_while_one_waits_for_its_answer() -> None:
    """However many there are (one for each shop), and though the table takes its time; if it takes long, one more."""
    one = Task()
    tasks = [one, *(Task(contact=one.contact) for _ in range(9))]
    async with kept(*tasks):
        for task in tasks:
            task.reservations.latency = 0.02
        before = sum(task.faults.calls["state"] for task in tasks)
        await asyncio.sleep(30)
        assert 18 <= sum(task.faults.calls["state"] for task in tasks) - before <= 22
        for task in tasks:
            task.reservations.latency = 0.15
        await asyncio.sleep(30)
        assert sum(task.faults.calls["state"] for task in tasks) - before <= 65


@virtual_time
async def test_a_call_of_several_takes_as_many_slots_at_its_last() -> None:
    """Whatever is in hand; one of more than was said is refused."""
    task = Task(rate=parse_rate("10/s"), most_cost=4)
    async with kept(task):
        sent = await task.send(6, cost=4, hand=4)
        assert min(after - before for before, after in pairwise(sent)) >= 4 * task.pacing.spacing - 0.3
        await task.send(2, cost=1, hand=1)
        await task.send(3, cost=3, hand=3)
        with pytest.raises(BadMessageError) as refused:
            await task.throttle.wait(5)
    assert refused.value.code == "cost"
    assert most_within(sorted(task.sent), 1 + GUARD) <= 10


@virtual_time
async def test_a_slot_that_is_missed_is_forfeited() -> None:
    """A loop that stands still uses none of those that went by, and makes up for nothing."""
    task = Task()
    async with kept(task):
        asyncio.get_running_loop().call_later(0.3, stall, 0.5)
        await task.send_for(3.0)
        assert most_within(task.sent, 1 + GUARD) <= 80
    assert sum(event.count for event in task.telemetry.of(SlotsForfeited)) >= 15


@virtual_time
async def test_who_gives_up_waiting_leaves_his_slot_to_the_next() -> None:
    """It is not lost."""
    task = Task()
    async with kept(task):
        await task.send(1, hand=10)
        ahead = task.throttle.ahead
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await task.throttle.wait()
        assert task.throttle.ahead == ahead > 0


@virtual_time
async def test_without_the_table_the_safe_share_is_sent_and_told() -> None:
    """After a while; the first good call ends it, and once nobody sends a share, send times are reserved again."""
    task = Task()
    async with kept(task):
        await task.send(10)
        task.lose_the_table()
        began = now()
        await task.send_for(1.0)
        first = (await task.send(1))[0]
        assert GIVEN_UP <= first - began <= GIVEN_UP + 2.0
        assert task.throttle.is_degraded
        share = await task.send_for(20.0)
        assert len(share) == pytest.approx(20 * 0.8 * 80 / 2 / 1.02, abs=1)
        task.find_the_table()
        began = now()
        await until(lambda: not task.throttle.is_degraded)
        assert now() - began <= PATIENCE
        again = (await task.send(1))[0]
        assert task.pacing.rest <= again - began <= task.pacing.rest + 1.0
    assert task.telemetry.of(TableCallFailed) == [TableCallFailed("foo", "limit", "Away")]
    assert task.telemetry.of(LimiterDegraded) == [LimiterDegraded("foo", "Away")]
    (restored,) = task.telemetry.of(LimiterRestored)
    assert restored.seconds == pytest.approx(20.0, abs=2.0)


@virtual_time
async def test_a_table_that_refuses_is_as_good_as_away() -> None:
    """The reason says so."""
    task = Task()
    async with kept(task):
        task.lose_the_table(RefusedError("not yours", code="AccessDeniedException"))
        await task.send(2)
    assert task.telemetry.of(LimiterDegraded) == [LimiterDegraded("foo", "AccessDeniedException")]


@virtual_time
async def test_a_table_that_hangs_is_as_good_as_away() -> None:
    """Each call ends after a second."""
    task = Task()
    async with kept(task):
        hung = [task.faults.hold(operation) for operation in ("reserve", "state")]
        await task.send(2)
        assert task.telemetry.of(LimiterDegraded) == [LimiterDegraded("foo", "TimeoutError")]
        for each in hung:
            each.set()
        await until(lambda: not task.throttle.is_degraded)
        await task.send(2)


@virtual_time
async def test_a_table_that_only_reads_is_as_good_as_away() -> None:
    """The safe share is sent though each look goes well; it rests before it reserves again."""
    task = Task()
    async with kept(task):
        task.lose_the_table(operations=("reserve",))
        await task.send_for(GIVEN_UP + 10.0)
        sent = await task.send_for(20.0)
        assert len(sent) >= 0.9 * 20 * 0.8 * 80 / 2 / 1.02
        task.find_the_table()
        await until(lambda: not task.throttle.is_degraded)
        ended = now()
        assert (await task.send(1))[0] - ended >= task.pacing.rest - 0.1


@virtual_time
async def test_a_share_that_is_not_proved_any_more_is_not_sent() -> None:
    """The process stood still: who knows what is true by now."""
    task = Task()
    async with kept(task):
        task.lose_the_table()
        await task.send(2)
        assert task.throttle.is_degraded
        hung = [task.faults.hold(operation) for operation in ("reserve", "state")]
        stall(PROOF + 1.0)
        began = now()
        assert (await task.send(1))[0] - began >= 0.2
        for each in hung:
            each.set()


@virtual_time
async def test_one_lost_answer_wastes_its_slots_and_no_more() -> None:
    """They are nobody's."""
    task = Task()
    async with kept(task):
        await task.send(1, hand=1)
        task.faults.lose_next("reserve")
        began = now()
        assert (await task.send(1))[0] - began <= 1.0
    assert not task.telemetry.of(LimiterDegraded)


@virtual_time
async def test_what_was_sent_uncounted_is_counted_afterwards() -> None:
    """Of a window above a minute: the limit of the hour holds across the outage."""
    task = Task(rate=Rate((Window(2, 1.0), Window(400, 3_600.0))), max_tasks=1)
    async with kept(task):
        await task.send(100)
        task.lose_the_table()
        share = await task.send_for(1_000)
        assert len(share) >= 80  # one in 11 s
        task.find_the_table()
        rest = await task.send_for(600)
    assert len(share) + len(rest) == 300


@virtual_time
async def test_what_cannot_be_counted_is_not_owed_for_ever() -> None:
    """Others have used up the window meanwhile; and where the vendor has closed the limit it is counted later."""
    task = Task(rate=Rate((Window(10, 1.0), Window(60, 3_600.0))), max_tasks=1)
    async with kept(task):
        await asyncio.sleep(5)
        task.lose_the_table()
        await task.send(5)
        task.find_the_table()
        instant = task.clock.now().timestamp()
        await task.reservations.tell(Closed(instant + 20.0))
        await asyncio.sleep(10.0)
        assert task.throttle._tally.owed == 5
        await asyncio.sleep(30.0)
        assert task.throttle._tally.owed == 0
        assert (await task.reservations.state()).used == {3_600.0: 5}
        task.lose_the_table()
        await task.send(3)
        task.find_the_table()
        quotas = (Window(60, 3_600.0),)
        await task.reservations.reserve(Ask(60, 0.0, instant, instant + 1e9, quotas=quotas))
        await asyncio.sleep(10.0)
        assert task.throttle._tally.owed == 0
        task.lose_the_table()
        await task.send_for(60.0)
        task.find_the_table()
        task.throttle._tally.owed = 1
        task.faults.fail_next("reserve", UnavailableError("away"))
        await asyncio.sleep(10.0)
        assert task.throttle._tally.owed == 0


@virtual_time
async def test_a_closing_is_told_and_heard_within_a_second() -> None:
    """What is in hand is not used; nobody who waits is kept, and nothing is asked before it is over."""
    one = Task()
    two = Task(reservations=one.reservations)
    async with kept(one, two):
        sending = asyncio.create_task(two.send_for(20.0))
        await asyncio.sleep(2.0)
        one.throttle.closed(10.0)
        assert one.throttle.shut_for() == pytest.approx(10.0)
        assert await until(lambda: bool(two.closings), 1.5) <= 1.0
        assert two.closings == [pytest.approx(10.0, abs=1.0)]
        assert two.throttle.ahead == 0
        assert two.throttle.shut_for() > 8.0
        async with asyncio.timeout(0.1):
            await two.throttle.wait()  # its door says the rest
        sending.cancel()
        await asyncio.wait((sending,))
        asks = len(one.reservations.asks)
        two.throttle.wanted = 10
        await asyncio.sleep(7.0)
        assert len(one.reservations.asks) == asks
        assert two.throttle.forecast(2.0) == 0


@virtual_time
async def test_who_waits_through_a_short_closing_is_the_probe() -> None:
    """It is not let go for less than a second."""
    task = Task()
    async with kept(task):
        await task.send(2)
        task.throttle.closed(0.9)
        began = now()
        await task.send(1)
        assert 0.9 <= now() - began <= 1.0
        assert task.closings[-1] == 0.0


@virtual_time
async def test_one_probe_reopens_for_all() -> None:
    """The others wait for it; whoever is given it is told that his next request is the probe."""
    one = Task()
    two = Task(reservations=one.reservations)
    async with kept(one, two):
        one.throttle.closed(3.0)
        await asyncio.sleep(3.1)
        sent = await two.send(1)
        two.throttle.probing()
        assert two.closings[-1] == 0.0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(20.0):
                await one.send(1)
        two.throttle.reopened()
        began = now()
        await one.send(2)
        assert now() - began <= 1.5
        assert sent


@virtual_time
async def test_a_probe_that_ended_without_a_reply_is_another_s_at_once() -> None:
    """Nobody waits for what will not come."""
    one = Task()
    two = Task(reservations=one.reservations)
    async with kept(one, two):
        one.throttle.closed(1.0)
        await asyncio.sleep(1.1)
        await two.send(1)
        two.throttle.probing()
        await asyncio.sleep(5)
        two.throttle.probing(0.0)
        began = now()
        await one.send(1)
        assert now() - began <= 1.5


@virtual_time
async def test_a_probe_that_was_not_sent_in_time_is_soon_another_s() -> None:
    """Who was given it stood still, or died: it is forfeited, and nobody waits for its reply."""
    one = Task()
    two = Task(reservations=one.reservations)
    async with kept(one, two):
        one.throttle.closed(1.0)
        await asyncio.sleep(1.1)
        two.throttle.wanted = 1
        await until(lambda: two.throttle.ahead > 0)
        two.throttle.wanted = 0
        stall(1.0)
        began = now()
        await one.send(1)
        assert now() - began <= 4.0


@virtual_time
async def test_an_adaptive_limit_is_slowed_for_all() -> None:
    """One 429 to one task; not where it is not adaptive."""
    for adaptive, slower in ((True, 0.7), (False, 1.0)):
        one = Task(adaptive=adaptive)
        two = Task(reservations=one.reservations, adaptive=adaptive)
        async with kept(one, two):
            await two.send(1, hand=1)
            one.throttle.throttled(now() - 0.1 + one.clock.begins)
            await asyncio.sleep(0.1)
            await two.send(2, hand=2)
            steady = two.throttle.steady(10.0)
            assert two.throttle.factor == pytest.approx(slower, rel=0.02)
        assert steady == pytest.approx(slower * 10.0 / two.pacing.spacing / 2, rel=0.05)


@virtual_time
async def test_the_forecast_is_its_part_of_the_limit() -> None:
    """By the tasks that run; at least one where something may be sent at all, and nothing where it may not."""
    task = Task(max_tasks=8)
    assert task.throttle.forecast(2.0) == 0  # it has to rest first
    async with kept(task):
        assert task.throttle.forecast(2.0) == int(2.0 / task.pacing.spacing / 8)
        task.fellows.count = 2
        assert task.throttle.forecast(2.0) == int(2.0 / task.pacing.spacing / 2)
        assert task.throttle.steady(10.0) == pytest.approx(10.0 / task.pacing.spacing / 2)
        task.lose_the_table()
        await task.send(1)
        assert task.throttle.forecast(2.0) == 14  # of 8/s, less an interval
    slow = Task(rate=parse_rate("1/s"), max_tasks=8)
    async with kept(slow):
        assert slow.throttle.forecast(2.0) == 1


@virtual_time
async def test_of_a_counted_limit_what_it_allows_on_average_is_steady() -> None:
    """Ten a second, but 6,000 an hour; where it is used up, the way is shut until it is not."""
    task = Task(rate=Rate((Window(10, 1.0), Window(60, 3_600.0))), max_tasks=2)
    async with kept(task):
        assert task.throttle.steady(60.0) == pytest.approx(0.5)
        await task.send(60)
        task.throttle.wanted = 1
        await asyncio.sleep(2.0)
        assert 20.0 <= task.throttle.shut_for() <= 40.0  # it looks again each half a minute
        assert task.throttle.forecast(2.0) == 0


@virtual_time
async def test_where_no_share_can_be_sent_the_way_is_shut() -> None:
    """Half a minute at a time: nobody can say for how long."""
    task = Task(rate=parse_rate("2/h"), max_tasks=8)
    async with kept(task):
        task.lose_the_table()
        task.throttle.wanted = 1
        await until(lambda: task.throttle.is_degraded)
        assert task.throttle.shut_for() == 30.0
        assert task.throttle.forecast(2.0) == 0


@virtual_time
async def test_it_is_idle_where_one_made_anew_would_be_the_same() -> None:
    """Nothing wanted, in hand, to tell, closed or degraded."""
    task = Task()
    async with kept(task):
        idle = [task.throttle.is_idle(now())]
        await task.send(1, hand=5)
        idle.append(task.throttle.is_idle(now()))
        await asyncio.sleep(1.0)
        idle.append(task.throttle.is_idle(now()))
        task.throttle.wanted = 1
        idle.append(task.throttle.is_idle(now()))
        task.throttle.wanted = 0
        task.throttle.closed(1.0)
        idle.append(task.throttle.is_idle(now()))
    assert idle == [True, False, True, False, False]


@virtual_time
async def test_what_it_waits_for_is_told_to_people() -> None:
    """Who starts waits for the table's first answer, then until nobody sends a safe share."""
    task = Task()
    said = [task.throttle.waits_for]
    keeping = asyncio.create_task(task.throttle.keep())
    await asyncio.sleep(1.0)
    said.append(task.throttle.waits_for)
    await asyncio.sleep(task.pacing.rest)
    said.append(task.throttle.waits_for)
    keeping.cancel()
    assert said == ["the state table", "the end of other tasks' safe shares", ""]


@virtual_time
async def test_a_wall_clock_that_jumps_ahead_sets_nothing_free() -> None:
    """It rests, tells the others by its place in the schedule, rests again; then the limit is kept by the new time."""
    task = Task()
    async with kept(task):
        sending = asyncio.create_task(task.send_for(40.0))
        await asyncio.sleep(5.0)
        task.clock.skew += 3_600.0
        before = len(task.sent)
        await asyncio.sleep(2 * task.pacing.rest)
        assert len(task.sent) <= before + 1
        await asyncio.sleep(5.0)
        assert len(task.sent) > before + 100
        sending.cancel()
        await asyncio.wait((sending,))
    assert most_within(task.sent, 1 + GUARD) <= 80


@virtual_time
async def test_a_wall_clock_that_jumps_back_does_not_stop_it_for_ever() -> None:
    """The schedule is an hour ahead and nobody moves it: the safe share is sent, and the reason told."""
    task = Task()
    async with kept(task):
        sending = asyncio.create_task(task.send_for(100.0))
        await asyncio.sleep(5.0)
        task.clock.skew -= 3_600.0
        before = len(task.sent)
        await asyncio.sleep(60.0)
        assert len(task.sent) > before + 1_000
        assert task.telemetry.of(LimiterDegraded) == [LimiterDegraded("foo", "clock")]
        task.clock.skew += 3_600.0
        await asyncio.sleep(20.0)
        assert not task.throttle.is_degraded
        sending.cancel()
        await asyncio.wait((sending,))
    assert most_within(task.sent, 1 + GUARD) <= 80


@virtual_time
async def test_a_task_that_is_behind_the_others_sends_nothing_while_they_do() -> None:
    """Their schedule moves, so it is not given up."""
    one = Task()
    behind = Task(reservations=one.reservations, clock=TaskClock(skew=-60.0))
    async with kept(one, behind):
        sending = asyncio.create_task(one.send_for(40.0))
        await asyncio.sleep(1.0)
        assert await behind.send_for(30.0) == []
        assert not behind.throttle.is_degraded
        await sending


@virtual_time
async def test_a_schedule_that_is_far_ahead_is_looked_at_only_if_the_table_can_be() -> None:
    """The look fails: it waits as it was told."""
    task = Task()
    async with kept(task):
        instant = task.clock.now().timestamp()
        await task.reservations.reserve(Ask(1, 1.0, instant + 60.0, instant + 60.0))
        task.faults.fail_next("state", UnavailableError("away"), 2)
        assert await task.send_for(5.0) == []
        (granted,) = [await task.reservations.reserve(Ask(1, 1.0, instant + 60.0, instant + 70.0))]
        assert isinstance(granted, Granted)


@virtual_time
async def test_an_answer_that_comes_when_it_is_out_of_touch_is_nobodys() -> None:
    """The process stood still while it waited."""
    task = Task()
    async with kept(task):
        held = task.faults.hold("reserve")
        task.throttle.wanted = 5
        waiting = asyncio.create_task(task.throttle.wait())
        await asyncio.sleep(0.5)
        held.set()
        stall(20.0)
        await asyncio.sleep(0.0)
        await asyncio.sleep(0.3)
        assert task.throttle.ahead == 0
        waiting.cancel()
        await asyncio.wait((waiting,))


@virtual_time
async def test_each_call_is_told() -> None:
    """By what came of it."""
    task = Task()
    async with kept(task):
        await task.send(1)
        task.faults.fail_next("reserve", UnavailableError("away"))
        await asyncio.sleep(1.0)
        await task.send(1)
    answers = {event.answer for event in task.telemetry.of(LimiterAsked)}
    assert answers == {"state", "granted", "failed"}


def test_of_a_limit_without_tasks_of_its_own_it_makes_them() -> None:
    """Fellows and contact of its own, where none are shared."""
    throttle = FleetThrottle(
        Share("foo", RATE, GUARD, 4), FaultyReservations(), clock=LoopClock(), telemetry=RecordedTelemetry()
    )
    assert throttle.wanted == 0
