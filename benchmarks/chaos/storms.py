"""The storms: each troubles a site for so many seconds, and then lets it drain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from time import monotonic

from benchmarks.chaos.poison import MARK
from benchmarks.chaos.site import VENDOR, VISIBILITY, Kind, Site
from worker.local.faults import THROTTLED, UNAVAILABLE, FailSome, Hang, Mute, Refuse, Reset, Rule, Slow, away
from worker.local.vendors.behaviour import Behaviour
from worker.model.names import Names

_PER_SECOND = 100  # messages published; two workers can send twice as many
_SOME = 300  # messages that keep two workers at work for more than a second
_TIMES = 3  # at least: deaths, deploys
_FAILING = Behaviour(VENDOR, latency=timedelta(milliseconds=100), failure_ratio=0.1)
_MOODY = Behaviour(
    VENDOR,
    latency=timedelta(milliseconds=50),
    failure_ratio=0.05,
    hang_ratio=0.01,
    cut_ratio=0.03,
    throttle_every=150,
    throttle_for=timedelta(seconds=1),
)
LEAST_RECEIVES = 4  # maxReceiveCount, so that a poison's end does not take minutes


@dataclass(frozen=True, slots=True)
class Storm:
    """One kind of trouble."""

    name: str
    trouble: Callable[[Site, float], Awaitable[None]]
    kind: Kind = Kind()  # noqa: RUF009 - frozen
    bad: int = 0  # messages that must end buried


async def kill(site: Site, seconds: float) -> None:
    """Two workers; every two seconds the older one is killed and a new one started."""
    await site.publish(_SOME)
    await _two_at_work(site)
    async with site.publishing(_PER_SECOND):
        dice = Random(1)
        for _ in range(max(_TIMES, round(seconds / 2))):
            await asyncio.sleep(dice.uniform(1, 3))
            await _kill_the_oldest(site)


async def deploy(site: Site, seconds: float) -> None:
    """Rolling deploys, one after the other: the new worker receives before the old one is told to stop."""
    old = await site.crew.join()
    async with site.publishing(_PER_SECOND // 2):
        until = monotonic() + seconds
        while monotonic() < until or site.crew.stopped < _TIMES:
            new = await site.crew.join()
            await site.crew.stop(old)
            old = new


async def freeze(site: Site, seconds: float) -> None:
    """Two workers; again and again one stands still, a request on its way, for longer than its messages are hidden."""
    still = VISIBILITY + 2
    await _two(site)
    async with site.publishing(_PER_SECOND // 2):
        for _ in range(max(1, int(seconds / still))):
            await site.publish(_SOME)  # enough for both
            await site.crew.sending(site.crew.hands[0])
            await site.crew.freeze(site.crew.hands[0], still)


async def sqs_away(site: Site, seconds: float) -> None:
    """SQS cannot be reached, in the middle of work."""
    await site.publish(_PER_SECOND * 5)
    await _two_at_work(site)
    with site.plan.inject(away("sqs:*")):
        await asyncio.sleep(seconds)


async def sqs_moody(site: Site, seconds: float) -> None:
    """SQS answers errors, throttles, hangs, is slow, loses answers, fails parts of batches; so does SNS."""
    chance = 0.04
    faults = (Refuse(), UNAVAILABLE, THROTTLED, Hang(30), Reset(), Slow(1), Mute(), FailSome())
    rules = [Rule(fault, "sqs:*Message*", chance) for fault in faults]
    rules += [Rule(fault, "sns:Publish*", chance) for fault in (UNAVAILABLE, Reset(), Mute())]
    with site.plan.inject(*rules):
        await _two(site)
        async with site.publishing(_PER_SECOND):
            await asyncio.sleep(seconds)


async def vendor_moody(site: Site, seconds: float) -> None:
    """The vendor answers 429 and 500, hangs, and cuts connections after it did what was asked."""
    await _two(site)
    async with site.publishing(_PER_SECOND):
        await asyncio.sleep(seconds)


async def table_away(site: Site, seconds: float) -> None:
    """The vendor fails now and then, DynamoDB cannot be reached, a worker is killed; then the table is there again.

    At last a worker is killed between what it tells the ledger and its delete: that is not to be sent again.
    """
    await site.publish(_SOME)
    await _two_at_work(site)
    async with site.publishing(_PER_SECOND // 2):
        with site.plan.inject(away("dynamodb:*")):
            await asyncio.sleep(seconds / 2)
            await _kill_the_oldest(site)
            await asyncio.sleep(seconds / 2)
        oldest = site.crew.hands[0]
        with site.plan.inject(Rule(Hang(), "sqs:DeleteMessageBatch", door=oldest.name)):
            await site.crew.recording(oldest)
            await _kill_the_oldest(site)


async def poison(site: Site, seconds: float) -> None:
    """A message that kills every worker that sends it, until a worker that receives it again knows better."""
    await _redrive_soon(site)
    await site.publish(1, {MARK: "yes"})
    async with asyncio.TaskGroup() as group:
        replacing = group.create_task(_replace_for_ever(site))
        async with site.publishing(_PER_SECOND // 2):
            await asyncio.sleep(seconds)
        await site.drained()
        replacing.cancel()


STORMS: Sequence[Storm] = (
    Storm("kill", kill),
    Storm("deploy", deploy),
    Storm("freeze", freeze),
    Storm("sqs_away", sqs_away),
    Storm("sqs_moody", sqs_moody),
    Storm("vendor_moody", vendor_moody, Kind(_MOODY)),
    Storm("table_away", table_away, Kind(_FAILING, dedup="redelivery")),
    Storm("table_away_strict", table_away, Kind(_FAILING, dedup="strict")),
    Storm("poison", poison, Kind(adapter="benchmarks.chaos.poison:Poison"), bad=1),
)


async def _two(site: Site) -> None:
    await asyncio.gather(site.crew.join(), site.crew.join())


async def _two_at_work(site: Site) -> None:
    await _two(site)
    await asyncio.gather(*map(site.crew.at_work, site.crew.hands))


async def _kill_the_oldest(site: Site) -> None:
    """Once it works, lest only those die that have just been started."""
    await site.crew.received(oldest := site.crew.hands[0])
    await site.crew.kill(oldest)
    await site.crew.start()


async def _replace_for_ever(site: Site) -> None:
    hand = await site.crew.start()
    while True:
        hand = await site.crew.replace(hand)


async def _redrive_soon(site: Site) -> None:
    client = await site.aws.client("sqs", attempts=3)
    url = (await client.get_queue_url(QueueName=Names(site.topology.sluice.name).queue(VENDOR)))["QueueUrl"]
    reply = await client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    policy = {**json.loads(reply["Attributes"]["RedrivePolicy"]), "maxReceiveCount": LEAST_RECEIVES}
    await client.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})
