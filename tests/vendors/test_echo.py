from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from worker.model.message import Job, JobKey
from worker.model.outcome import Delivered
from worker.ports import VendorContext
from worker.vendors.echo import Echo, EchoOptions


async def test_everything_is_delivered(context: Callable[..., VendorContext]) -> None:
    """Any payload is taken, one outcome for each job."""
    vendor = Echo(EchoOptions(batch=2), context())
    jobs = [Job(JobKey("a"), {"x": 1}), Job(JobKey("b"), None)]
    reply = await vendor.send(vendor.prepare(jobs))
    assert reply == [{"x": 1}, None]
    assert vendor.classify(reply, jobs) == [Delivered(), Delivered()]
    assert vendor.traits.batch.size == 2


def test_delay_is_a_duration() -> None:
    """It is written as everywhere in the topology."""
    assert EchoOptions.model_validate({"delay": "300ms"}).delay == timedelta(seconds=0.3)
