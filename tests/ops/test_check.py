"""What a check finds: each rule with an entry that breaks it and one that keeps it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from worker.aws.session import Aws
from worker.model.errors import ConfigurationError
from worker.ops.check import check, check_live
from worker.ops.finding import Severity
from worker.ops.numbers import SETTLE
from worker.ops.report import Report
from worker.ops.up import up
from worker.settings import Topology
from worker.vendors.echo import Echo, EchoOptions


def topology(*, sluice: dict[str, Any] | None = None, name: str = "foo", **entry: Any) -> Topology:
    return Topology.model_validate(
        {"sluice": {"name": "m", **(sluice or {})}, "vendors": {name: {"adapter": "echo", **entry}}}
    )


def found(report: Report) -> list[tuple[str, str]]:
    return [(each.severity.value, each.place) for each in report.findings]


def test_a_plain_topology_is_well() -> None:
    """The defaults fit together."""
    report = check(topology(rate="80/s"))
    assert report.findings == ()
    assert "all is well" in str(report)
    report.require()


ERROR, WARNING = Severity.ERROR.value, Severity.WARNING.value


@pytest.mark.parametrize(
    ("severity", "key", "broken", "kept"),
    [
        (ERROR, "timeout", {"timeout": "55s"}, {"timeout": "54s"}),
        (ERROR, "timeout", {"timeout": "0s"}, {"timeout": "1ms"}),
        (ERROR, "look_ahead", {"look_ahead": "0s"}, {"look_ahead": "100ms"}),
        (ERROR, "give_up_after", {"give_up_after": "0s"}, {"give_up_after": "1s"}),
        (ERROR, "give_up_after", {"retention": "6h"}, {"retention": "7h"}),
        (ERROR, "max_age", {"max_age": "0s"}, {"max_age": "1s"}),
        (ERROR, "scaling.latency_goal", {"scaling": {"latency_goal": "0s"}}, {"scaling": {"latency_goal": "1s"}}),
        (ERROR, "poll", {"poll": "1500ms"}, {"poll": "1s"}),
        (ERROR, "visibility", {"visibility": "90500ms"}, {"visibility": "90s"}),
        (ERROR, "visibility", {"visibility": "13h"}, {"visibility": "12h"}),
        (ERROR, "poll", {"poll": "20s", "visibility": "25s"}, {"poll": "20s", "visibility": "26s"}),
        (ERROR, "retention", {"retention": "15d"}, {"retention": "14d"}),
        (
            ERROR,
            "retention",
            {"retention": "59s", "give_up_after": "1s"},
            {"retention": "60s", "give_up_after": "1s"},
        ),
        (ERROR, "burst", {"rate": "5/s", "burst": 6}, {"rate": "5/s", "burst": 5}),
        (ERROR, "burst", {"rate": ["5/s", "4/min"], "burst": 5}, {"rate": ["5/s", "4/min"], "burst": 4}),
        (WARNING, "burst", {"burst": 5}, {}),
        (ERROR, "rate", {"rate": "80/s", "guard": "1s"}, {"rate": "80/s", "guard": "100ms"}),
        (WARNING, "rate", {"rate": "80/s", "guard": "200ms"}, {"rate": "80/min", "guard": "200ms"}),
        (WARNING, "rate", {"rate": "80/s", "guard": "0s"}, {"rate": "80/s", "guard": "1ms"}),
        (ERROR, "rate", {"rate": ["80/s", "5000/h"]}, {"rate": ["80/s", "150/min"]}),
        (ERROR, "rate_per_key", {"rate_per_key": "1/s"}, {"rate": "1/s"}),
        (ERROR, "share", {"share": "fleet", "rate": "1/s"}, {"share": "split", "rate": "1/s"}),
        (ERROR, "share", {"share": "fleet", "rate": "1/s"}, {"share": "fleet"}),
        (ERROR, "dedup", {"dedup": "redelivery"}, {"dedup": "off"}),
        (ERROR, "dedup", {"dedup": "strict"}, {"dedup": "off"}),
        (ERROR, "max_connections", {"max_connections": 3}, {"max_connections": 4}),
        (ERROR, "filter", {"filter": {"a": "x"}}, {"filter": {"a": ["x"]}}),
        (ERROR, "filter", {"filter": {"a": {"b": ["x"]}}}, {"filter": {"a": {"b": ["x"]}}, "filter_scope": "body"}),
        (ERROR, "adapter", {"adapter": "ecko"}, {"adapter": "echo"}),
        (ERROR, "adapter", {"options": {"bach": 5}}, {"options": {"batch": 5}}),
    ],
)
def test_a_broken_rule_is_found(severity: str, key: str, broken: dict[str, Any], kept: dict[str, Any]) -> None:
    """Each rule tells what breaks it, at the key that broke it, and is silent where it is kept."""
    assert (severity, f"[vendors.foo] {key}") in found(check(topology(**broken)))
    assert f"[vendors.foo] {key}" not in [place for _, place in found(check(topology(**kept)))]


@pytest.mark.parametrize(
    ("place", "broken", "kept"),
    [
        ("[sluice] stop_timeout", {"stop_timeout": "25s"}, {"stop_timeout": "26s"}),
        ("[sluice] stop_timeout", {"grace": "25s"}, {"grace": "24s"}),
        ("[sluice] stop_timeout", {"flush": "10s"}, {"flush": "9s"}),
        ("[sluice] stop_timeout", {"stop_timeout": "121s"}, {"stop_timeout": "120s"}),
        ("[sluice] name", {"name": "n" * 29, "bucket": True}, {"name": "n" * 28, "bucket": True}),
        ("[sluice] name", {"name": "n" * 29, "bucket": True}, {"name": "n" * 29}),
    ],
)
def test_what_holds_for_all_is_checked(place: str, broken: dict[str, Any], kept: dict[str, Any]) -> None:
    """A stop ends before the platform kills; AWS takes the names."""
    assert place in [each.place for each in check(topology(sluice=broken)).findings]
    assert place not in [each.place for each in check(topology(sluice=kept)).findings]


def test_with_the_table_limits_are_shared_and_long_windows_counted() -> None:
    """What needs it is well where it is there."""
    with_table = {"table": True}
    assert not check(topology(sluice=with_table, rate=["80/s", "5000/h"], share="fleet")).findings


def test_a_long_poll_outlasts_a_short_grace() -> None:
    """The stop waits for the poll in the air, however short the grace is."""
    short = {"grace": "1s", "stop_timeout": "20s"}
    assert check(topology(sluice=short, poll="20s")).errors
    assert not check(topology(sluice=short, poll="14s")).errors


def test_queue_names_end_at_eighty() -> None:
    """The longest is the subscription's dead-letter queue."""
    long = {"name": "n" * 27}
    assert found(check(topology(sluice=long, name="v" * 40))) == []
    assert found(check(topology(sluice={"name": "n" * 28}, name="v" * 40))) == [(ERROR, f"[vendors.{'v' * 40}]")]


def test_one_vendors_queue_is_not_anothers_dead_letter_queue() -> None:
    """`foo-dlq` is what the dead-letter queue of `foo` is called."""
    both = {"foo": {"adapter": "echo"}, "foo-dlq": {"adapter": "echo"}}
    report = check(Topology.model_validate({"sluice": {"name": "m"}, "vendors": both}))
    assert "two queues would be called m-foo-dlq" in str(report)


def test_a_body_filter_does_not_go_with_claim_checks() -> None:
    """The pointer is never matched; without the bucket nothing is said."""
    entry: dict[str, Any] = {"filter": {"a": ["x"]}, "filter_scope": "body"}
    assert found(check(topology(sluice={"bucket": True}, **entry))) == [(WARNING, "[vendors.foo] filter")]
    assert found(check(topology(**entry))) == []


@given(seconds=st.integers(1, 43_200), visibility=st.integers(1, 43_200))
def test_a_lease_outlasts_request_and_settle(seconds: int, visibility: int) -> None:
    """Found exactly where timeout + settle is not below visibility."""
    entry = topology(timeout=timedelta(seconds=seconds), visibility=timedelta(seconds=visibility))
    too_long = timedelta(seconds=seconds) + SETTLE >= timedelta(seconds=visibility)
    assert ((ERROR, "[vendors.foo] timeout") in found(check(entry))) == too_long


@given(seconds=st.integers(0, 40), rest=st.sampled_from([0, 0, 1, 500, 999]))
def test_a_poll_is_what_sqs_takes(seconds: int, rest: int) -> None:
    """Whole seconds, twenty at most."""
    milliseconds = seconds * 1000 + rest
    report = check(topology(poll=timedelta(milliseconds=milliseconds), sluice={"stop_timeout": "100s"}))
    assert bool(report.errors) == (milliseconds % 1000 != 0 or milliseconds > 20_000)


def test_a_report_names_the_way_out() -> None:
    """Everything that keeps it from running stands in the error, with what to do."""
    report = check(topology(share="fleet", rate="1/s", timeout="60s"))
    with pytest.raises(ConfigurationError, match=r"write \[sluice\] table = true") as raised:
        report.require()
    assert "raise visibility above" in str(raised.value)
    assert "2 errors" in str(report)


def test_a_report_is_one_table() -> None:
    """A line for each vendor: what it is set to."""
    report = check(topology(rate=["10/s", "150/min"], filter={"target": ["A"]}, concurrency=7))
    line = next(line for line in str(report).splitlines() if line.startswith("foo"))
    assert line.split("  ")[0] == "foo"
    for cell in ("echo", "10/s, 150/min", "7", "target", "8", "ok"):
        assert cell in line


RATED = {"limit_key": "waba-7", "rate": "80/s"}


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ({"rate": "80/s"}, {"rate": "20/s"}, "rate: 20/s there, 80/s here"),
        ({"rate": "80/s"}, {"rate": None}, "rate: none there, 80/s here"),
        ({"guard": "50ms"}, {}, "guard"),
        ({"burst": 3}, {}, "burst: none there, 3 here"),
        ({"adaptive": True}, {}, "adaptive"),
        ({"share": "split"}, {}, "share: one there, split here"),
        ({"pool": "other"}, {}, "pool: default there, other here"),
    ],
)
def test_entries_with_one_limit_say_the_same_of_it(ours: dict[str, Any], theirs: dict[str, Any], told: str) -> None:
    """Which of two rates, or two pools' tasks, would hold? Both entries are named."""

    def report(bar: dict[str, Any]) -> Report:
        vendors = {"foo": {"adapter": "echo"} | RATED | theirs, "bar": {"adapter": "echo"} | RATED | bar}
        pools = {"default": {}, "other": {}}
        return check(Topology.model_validate({"sluice": {"name": "m"}, "vendors": vendors, "pools": pools}))

    [finding] = report(ours).errors
    assert finding.place == "[vendors.bar] limit_key"
    assert "[vendors.foo]" in finding.text
    assert told in finding.text
    assert not report(theirs).errors
    assert not report(ours | {"limit_key": "waba-8"}).errors


def test_a_rate_for_each_key_is_every_task_s_own() -> None:
    """Where several send, that is told: together they may send more to one key."""

    def report(share: str, tasks: int) -> Report:
        http = {"adapter": "http", "options": {"url": "https://h/", "key": "{to}"}}
        entry = http | {"share": share, "rate_per_key": "10/min"}
        sluice, pools = {"name": "m", "table": True}, {"default": {"max_tasks": tasks}}
        return check(Topology.model_validate({"sluice": sluice, "vendors": {"foo": entry}, "pools": pools}))

    assert found(report("fleet", 4)) == found(report("split", 4)) == [(WARNING, "[vendors.foo] rate_per_key")]
    assert found(report("one", 4)) == found(report("fleet", 1)) == []


def test_a_cap_on_connections_leaves_one_for_each_task_of_the_pool() -> None:
    """Where it does not, the error says how many tasks there may be."""

    def report(tasks: int) -> Report:
        entry = {"adapter": "echo", "max_connections": 10, "pool": "bulk"}
        pools = {"bulk": {"max_tasks": tasks}}
        return check(Topology.model_validate({"sluice": {"name": "m"}, "vendors": {"foo": entry}, "pools": pools}))

    assert not report(10).findings
    [finding] = report(11).errors
    assert finding.way_out.startswith("write max_tasks = 10 in [pools.bulk]")


class Customer(BaseModel):
    id: int

    @property
    def region(self) -> str:
        return "eu"


class Order(BaseModel):
    shop: str
    customer: Customer
    buyer: Customer | None = None


class Open(BaseModel, extra="allow"):
    shop: str


class OrdersEcho(Echo):
    Payload: ClassVar[Any] = Order


class OpenEcho(Echo):
    Payload: ClassVar[Any] = Open


@pytest.mark.parametrize(
    ("field", "adapter", "is_there"),
    [
        ("shop", OrdersEcho, True),
        ("customer.id", OrdersEcho, True),
        ("customer.region", OrdersEcho, True),
        ("buyer.whatever", OrdersEcho, True),
        ("ship", OrdersEcho, False),
        ("customer.name", OrdersEcho, False),
        ("shop.name", OrdersEcho, False),
        ("ship", OpenEcho, True),
        ("ship", Echo, True),
    ],
)
@pytest.mark.parametrize("key", ["limit_key", "secret"])
def test_a_field_that_no_payload_has_is_told(key: str, field: str, adapter: type[Echo], is_there: bool) -> None:
    """Where the adapter's payload is a model; else only a message can tell."""
    report = check(
        topology(**{key: f"shop/{{{field}}}"}), lambda _, options, context: adapter(EchoOptions(**options), context)
    )
    assert [each.place for each in report.errors] == ([] if is_there else [f"[vendors.foo] {key}"])
    assert is_there or "write one of its fields: shop, customer, buyer" in str(report)


async def test_live_differences_are_told(aws: Aws, unique_name: str) -> None:
    """Before `up` everything differs, after it nothing."""
    wanted = topology(sluice={"name": unique_name})
    before = await check_live(wanted, aws)
    assert any("create" in each.text and each.way_out == "run: sluice up" for each in before.errors)
    await up(wanted, aws)
    assert (await check_live(wanted, aws)).findings == ()


async def test_what_is_wrong_offline_is_not_compared(aws: Aws) -> None:
    """A topology that cannot run is not what AWS is measured by."""
    assert [each.place for each in (await check_live(topology(poll="21s"), aws)).errors] == ["[vendors.foo] poll"]
