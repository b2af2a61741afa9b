"""Provisions the resources of a topology: what is missing is made, what is otherwise is set, nothing is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from worker.aws.arns import Place
from worker.aws.changes import Change
from worker.aws.provision import Provision
from worker.aws.resources import Resource
from worker.aws.session import Aws
from worker.ops.desired import desired
from worker.settings import Topology

_AT_ONCE = 8  # vendors; SNS and SQS throttle control calls

Progress = Callable[[Change], None]
Step = Callable[[Resource], Awaitable[Sequence[Change]]]


async def up(
    topology: Topology, aws: Aws, *, mode: Literal["apply", "dry-run"] = "apply", on_change: Progress | None = None
) -> list[Change]:
    """Make AWS as the topology says, or with "dry-run" only say what would change.

    Returns a change per resource or attribute, in the topology's order; `on_change` is told of each when it is made.
    A second run returns Unchanged only and calls nothing that writes. Raises RefusedError or UnavailableError; what
    was made until then stays, and the next run goes on from there.
    """
    place = Place(await aws.account(), aws.region)
    provision = await Provision.open(aws, place)
    step = provision.apply if mode == "apply" else provision.compare
    stack = desired(topology, place)
    told = on_change or _nobody
    shared = await _in_turn(stack.shared, step, told)
    vendors = await _at_once(stack.vendors, step, told)
    return [*shared, *(change for vendor in vendors for change in vendor)]


async def _at_once(groups: Sequence[Sequence[Resource]], step: Step, told: Progress) -> list[list[Change]]:
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(group: Sequence[Resource]) -> list[Change]:
        async with room:
            return await _in_turn(group, step, told)

    # All are awaited before the first error is raised: an error of one vendor must not cut another's in half.
    ended = await asyncio.gather(*(one(group) for group in groups), return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException):
            raise result
    return [result for result in ended if not isinstance(result, BaseException)]


async def _in_turn(group: Sequence[Resource], step: Step, told: Progress) -> list[Change]:
    made: list[Change] = []
    for resource in group:  # each may need the one before it
        for change in await step(resource):
            made.append(change)
            told(change)
    return made


def _nobody(_change: Change) -> None:
    return
