"""The storms: each troubles a site for so many seconds, and then lets it drain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random
from time import monotonic

from benchmarks.chaos.poison import MARK
from benchmarks.chaos.site import VENDOR, VISIBILITY, Site
from worker.local.faults import THROTTLED, UNAVAILABLE, FailSome, Hang, Mute, Refuse, Reset, Rule, Slow, away
from worker.local.vendors.behaviour import Behaviour
from worker.model.names import Names

_PER_SECOND = 100  # messages published; two workers can send about this many
_CALM = Behaviour("sink", latency=timedelta(milliseconds=150))
_MOODY = Behaviour(
    "sink",
    latency=timedelta(milliseconds=50),
    failure_ratio=0.05,
    hang_ratio=0.005,
    cut_ratio=0.02,
    throttle_every=150,
    throttle_for=timedelta(seconds=1),
)
LEAST_RECEIVES = 4  # so that a poison's end does not take minutes


@dataclass(frozen=True, slots=True)
class Storm:
    """One kind of trouble."""

    name: str
    trouble: Callable[[Site, float], Awaitable[None]]
    behaviour: Behaviour = _CALM
    adapter: str = "http"


async def kill(site: Site, seconds: float) -> None:
    """Two workers; every two seconds the older one is killed and a new one started."""
    async with asyncio.TaskGroup() as group:
        group.create_task(site.publish_steadily(seconds, _PER_SECOND))
        await _two(site)
        dice, until = Random(1), monotonic() + seconds
        while monotonic() < until:
            await asyncio.sleep(dice.uniform(1, 3))
            await site.crew.kill(site.crew.hands[0])
            await site.crew.start()


async def deploy(site: Site, seconds: float) -> None:
    """Rolling deploys, one after the other: the new worker receives before the old one is told to stop."""
    async with asyncio.TaskGroup() as group:
        group.create_task(site.publish_steadily(seconds, _PER_SECOND // 2))
        old, until = await site.crew.join(), monotonic() + seconds
        while monotonic() < until:
            new = await site.crew.join()
            await site.crew.stop(old)
            old = new


async def freeze(site: Site, seconds: float) -> None:
    """Two workers; again and again one stands still for longer than its messages are hidden."""
    still = VISIBILITY + 2
    async with asyncio.TaskGroup() as group:
        group.create_task(site.publish_steadily(max(seconds, still), _PER_SECOND))
        await _two(site)
        until = monotonic() + seconds
        while True:
            await asyncio.sleep(1)  # it has messages in hand by then
            await site.crew.freeze(site.crew.hands[0], still)
            if monotonic() + still > until:
                return


async def service_away(site: Site, seconds: float, operations: str) -> None:
    """A service cannot be reached, in the middle of work."""
    await site.publish(int(_PER_SECOND * 5))
    await _two(site)
    await asyncio.sleep(1)
    with site.plan.inject(away(operations)):
        await asyncio.sleep(seconds)


async def sqs_moody(site: Site, seconds: float) -> None:
    """SQS answers errors, throttles, hangs, is slow, loses answers, fails parts of batches; so does SNS."""
    chance = 0.04
    faults = (Refuse(), UNAVAILABLE, THROTTLED, Hang(30), Reset(), Slow(1), Mute(), FailSome())
    rules = [Rule(fault, "sqs:*Message*", chance) for fault in faults]
    rules += [Rule(fault, "sns:Publish*", chance) for fault in (UNAVAILABLE, Reset(), Mute())]
    with site.plan.inject(*rules):
        async with asyncio.TaskGroup() as group:
            group.create_task(site.publish_steadily(seconds, _PER_SECOND))
            await _two(site)


async def vendor_moody(site: Site, seconds: float) -> None:
    """The vendor answers 429 and 500, hangs, and cuts connections after it did what was asked."""
    async with asyncio.TaskGroup() as group:
        group.create_task(site.publish_steadily(seconds, _PER_SECOND // 2))
        await _two(site)


async def poison(site: Site, seconds: float) -> None:
    """A message that kills every worker that sends it, until SQS itself moves it to the dead-letter queue."""
    await _redrive_soon(site)
    await site.publish(1, {MARK: "yes"})
    async with asyncio.TaskGroup() as group:
        replacing = group.create_task(_replace_for_ever(site))
        await site.publish_steadily(seconds, _PER_SECOND // 2)
        await site.drained(within=15 * LEAST_RECEIVES)
        replacing.cancel()


STORMS: Sequence[Storm] = (
    Storm("kill", kill),
    Storm("deploy", deploy),
    Storm("freeze", freeze),
    Storm("sqs_away", partial(service_away, operations="sqs:*")),
    Storm("sqs_moody", sqs_moody),
    Storm("vendor_moody", vendor_moody, _MOODY),
    Storm("poison", poison, adapter="benchmarks.chaos.poison:Poison"),
)


async def _two(site: Site) -> None:
    await asyncio.gather(site.crew.join(), site.crew.join())


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
