"""What a topology says becomes what the pipeline is given."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.telemetry import RecordedTelemetry
from worker.app.work import Watch, limits_of, look_of, plan_of, work
from worker.aws.items import Item, expiry
from worker.aws.limititem import limit_of_vendor
from worker.aws.session import Aws
from worker.aws.statetable import StateTable
from worker.model.message import VendorName
from worker.model.names import Names
from worker.model.rate import parse_rate
from worker.ops.up import up
from worker.pipeline.clock import SystemClock
from worker.pipeline.limiter import Limiter, OneLimit
from worker.pipeline.stop import Stop
from worker.ports import VendorContext
from worker.settings import Topology, VendorSettings
from worker.vendors.lib import adapters

URL = "https://vendor.example/v1"


def entry(**keys: Any) -> VendorSettings:
    return VendorSettings.model_validate({"adapter": "http", "options": {"url": URL}} | keys)


def plan(settings: VendorSettings) -> Any:
    context = VendorContext(VendorName("foo"), settings.timeout, settings.concurrency)
    return plan_of("foo", settings, adapters.build(settings.adapter, settings.options, context))


@pytest.mark.parametrize(("concurrency", "receivers"), [(1, 1), (20, 1), (39, 1), (40, 2), (160, 8), (1000, 8)])
def test_a_receiver_for_each_twenty_requests_at_once(concurrency: int, receivers: int) -> None:
    """At least one, at most eight."""
    look = look_of(entry(concurrency=concurrency, look_ahead="3s"))
    assert (look.receivers, look.concurrency, look.ahead) == (receivers, concurrency, 3.0)


def test_limits_are_the_entry_s() -> None:
    """Requests at once, the rate of each key, the guard, and the limits that it may share with others."""
    limiters = OneLimit(Limiter(None))
    limits = limits_of(entry(rate="80/s", rate_per_key="10/min", guard="50ms", concurrency=7), limiters)
    assert (limits.concurrency, limits.rate_per_key, limits.guard) == (7, parse_rate("10/min"), 0.05)
    assert limits.limiters is limiters


def test_a_plan_is_the_entry_in_the_pipeline_s_words() -> None:
    """Attempts, ages and the visibility as they stand there, the payload as the adapter takes it."""
    made = plan(entry(max_attempts=3, give_up_after="1h", max_age="10min", visibility="90s", envelope="none"))
    assert (made.name, made.visibility, made.open_envelopes) == ("foo", timedelta(seconds=90), False)
    assert (made.rules.policy.max_attempts, made.rules.policy.give_up_after) == (3, timedelta(hours=1))
    assert made.rules.max_age == timedelta(minutes=10)
    assert made.payload == adapters.find("http").Payload
    assert plan(entry()).open_envelopes


def test_an_adapter_without_a_timeout_of_its_own_gets_one() -> None:
    """A little longer than what the topology says, so that its own would come first; HTTP adapters have one."""
    assert plan(entry()).longest is None
    assert plan(entry(adapter="echo", options={}, timeout="7s")).longest == 9


@pytest.mark.parametrize(
    ("on_ambiguous", "header", "buries"),
    [("retry", None, False), ("bury", None, True), ("bury", "Idempotency-Key", False)],
)
def test_an_ambiguous_end_is_buried_only_where_a_repeat_would_harm(
    on_ambiguous: str, header: str | None, buries: bool
) -> None:
    """A vendor that takes an idempotency key is sent it again, whatever `on_ambiguous` says."""
    made = plan(entry(on_ambiguous=on_ambiguous, options={"url": URL, "idempotency_header": header}))
    assert made.rules.policy.bury_ambiguous is buries


def test_what_depends_on_the_payload_is_told_to_the_pipeline() -> None:
    """A name without fields is the same for all messages: nothing need be read from them."""
    made = plan(entry(limit_key="shop/{shop}", secret="token/{shop}"))
    assert (str(made.limit), str(made.secret)) == ("shop/{shop}", "token/{shop}")
    fixed = plan(entry(limit_key="waba-7", secret="token"))
    assert (fixed.limit, fixed.secret) == (plan(entry()).limit, plan(entry()).secret) == (None, None)


async def test_a_limit_that_nobody_keeps_ends_the_worker(aws: Aws, unique_name: str) -> None:
    """Its keeper has crashed: what it finds in the table is not ours."""
    keys = {"sluice": {"name": unique_name, "table": True}}
    vendors = {"foo": {"adapter": "echo", "rate": "80/s", "share": "fleet"}}
    topology, clock = Topology.model_validate({**keys, "vendors": vendors}), SystemClock()
    await up(topology, aws)
    table = await StateTable.open(aws, Names(unique_name).table, clock)
    turned = asyncio.Event()
    watch = Watch(RecordedTelemetry(), lambda _vendor: turned.set())
    working = asyncio.create_task(work(topology, ["foo"], aws=aws, stop=Stop(), clock=clock, watch=watch))
    await turned.wait()
    expires = expiry(clock.now(), timedelta(hours=1))
    await table.put_many([Item(limit_of_vendor(VendorName("foo")), expires, {"next_us": "soon"})])
    await asyncio.wait([working], timeout=10)
    ended = working.done()
    working.cancel()
    with pytest.raises(ExceptionGroup):
        await working
    assert ended
