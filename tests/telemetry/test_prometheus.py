from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample as MetricSample

from worker.model.events import (
    AdapterFailed,
    AwsCallFailed,
    Event,
    GateClosed,
    GateOpened,
    LeaseLost,
    LimiterAsked,
    LimiterDegraded,
    LimiterRestored,
    MessagesReceived,
    PipelineCrashed,
    SlotsForfeited,
    SqsCalled,
    TableCallFailed,
    VendorThrottled,
)
from worker.telemetry.prometheus import Metrics

Sample = Callable[..., Event]

FATES = {"delivered", "retried", "throttled", "blocked", "continued", "buried", "handed_back"}
COUNTERS = {f"sluice_messages_{fate}_total": {"vendor"} for fate in FATES | {"received"}} | {
    "sluice_sqs_calls_total": {"vendor", "operation"},
    "sluice_aws_call_failures_total": {"vendor", "operation"},
    "sluice_table_call_failures_total": {"vendor", "feature"},
    "sluice_throttle_answers_total": {"vendor"},
    "sluice_limiter_calls_total": {"vendor", "answer"},
    "sluice_slots_forfeited_total": {"vendor"},
    "sluice_leases_lost_total": {"vendor"},
    "sluice_adapter_failures_total": {"vendor"},
    "sluice_pipeline_crashes_total": {"vendor"},
}
GAUGES = {
    f"sluice_{name}": {"vendor"} for name in ("messages_in_flight", "gate_closed", "rate_factor", "limiter_degraded")
}
HISTOGRAMS = {
    f"sluice_{name}_count": {"vendor"} for name in ("delivery_seconds", "permit_wait_seconds", "message_age_seconds")
}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def samples(metrics: Metrics) -> list[MetricSample]:
    families = text_string_to_metric_families(metrics.exposition().decode())
    return [sample for family in families for sample in family.samples]


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    found = [sample.value for sample in samples(metrics) if sample.name == name and sample.labels == labels]
    return found[0] if found else None


def test_names_and_labels(metrics: Metrics, sample: Sample) -> None:
    """After one event of each class, just these series are there, each with just these labels."""
    for kind in get_args(Event):
        metrics.emit(sample(kind))
    shown = {
        found.name: set(found.labels)
        for found in samples(metrics)
        if not found.name.endswith(("_created", "_bucket", "_sum"))
    }
    assert shown == COUNTERS | GAUGES | HISTOGRAMS


def test_every_metric_says_what_it_is(metrics: Metrics) -> None:
    """Each metric has a help text that is a sentence."""
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        assert family.documentation.rstrip().endswith("."), family.name


@pytest.mark.parametrize(
    ("outcome", "disposition", "fate"),
    [
        ("Delivered", "Delete", "delivered"),
        ("RetryAfter", "Postpone", "retried"),
        ("Throttled", "Postpone", "throttled"),
        ("Blocked", "Postpone", "blocked"),
        ("Continue", "Replace", "continued"),
        ("Rejected", "Bury", "buried"),
        ("HandedBack", "Postpone", "handed_back"),
    ],
)
def test_settled_message_counts_once(
    outcome: str, disposition: str, fate: str, metrics: Metrics, settled: Sample
) -> None:
    """A settled message counts in the one counter that says what became of it."""
    metrics.emit(settled(outcome, disposition))
    assert {name: value(metrics, f"sluice_messages_{name}_total", vendor="foo") for name in FATES} == {
        name: float(name == fate) for name in FATES
    }


def test_age_is_that_of_delivered_messages(metrics: Metrics, settled: Sample) -> None:
    """Message age is observed at the delivery only."""
    metrics.emit(settled("Throttled", "Postpone", age_seconds=50.0))
    metrics.emit(settled("Delivered", "Delete", age_seconds=7.0))
    assert value(metrics, "sluice_message_age_seconds_sum", vendor="foo") == 7.0


def test_only_requests_have_a_duration(metrics: Metrics, settled: Sample) -> None:
    """A message settled without a vendor request is in no duration."""
    metrics.emit(settled("HandedBack", "Postpone", seconds=0.0))
    metrics.emit(settled("RetryAfter", "Postpone", seconds=0.25))
    assert value(metrics, "sluice_delivery_seconds_count", vendor="foo") == 1.0
    assert value(metrics, "sluice_delivery_seconds_sum", vendor="foo") == 0.25


def test_receive_counts_messages_and_wait(metrics: Metrics, sample: Sample) -> None:
    """A receive adds its messages and the wait for its permits."""
    metrics.emit(sample(MessagesReceived, vendor="foo", count=7, permit_wait_seconds=0.5))
    assert value(metrics, "sluice_messages_received_total", vendor="foo") == 7.0
    assert value(metrics, "sluice_permit_wait_seconds_sum", vendor="foo") == 0.5


def test_calls_are_by_operation(metrics: Metrics, sample: Sample) -> None:
    """SQS calls and failures are told apart by operation."""
    for operation in ("ReceiveMessage", "ReceiveMessage", "DeleteMessageBatch"):
        metrics.emit(sample(SqsCalled, vendor="foo", operation=operation))
    metrics.emit(sample(AwsCallFailed, vendor="foo", operation="DeleteMessageBatch"))
    assert value(metrics, "sluice_sqs_calls_total", vendor="foo", operation="ReceiveMessage") == 2.0
    assert value(metrics, "sluice_sqs_calls_total", vendor="foo", operation="DeleteMessageBatch") == 1.0
    assert value(metrics, "sluice_aws_call_failures_total", vendor="foo", operation="DeleteMessageBatch") == 1.0


def test_what_a_shared_limit_costs_and_loses_is_counted(metrics: Metrics, sample: Sample) -> None:
    """Calls by their answer, and send times that nobody used."""
    for answer in ("granted", "later", "granted"):
        metrics.emit(sample(LimiterAsked, vendor="foo", answer=answer))
    metrics.emit(sample(SlotsForfeited, vendor="foo", count=3))
    assert value(metrics, "sluice_limiter_calls_total", vendor="foo", answer="granted") == 2.0
    assert value(metrics, "sluice_limiter_calls_total", vendor="foo", answer="later") == 1.0
    assert value(metrics, "sluice_slots_forfeited_total", vendor="foo") == 3.0


def test_limits_that_do_without_the_table_show(metrics: Metrics, sample: Sample) -> None:
    """A vendor may have several: one for each value of its limit_key."""
    shown = []
    for kind in (LimiterDegraded, LimiterDegraded, LimiterRestored, LimiterRestored):
        metrics.emit(sample(kind, vendor="foo"))
        shown.append(value(metrics, "sluice_limiter_degraded", vendor="foo"))
    assert shown == [1.0, 2.0, 1.0, 0.0]


def test_failures_of_the_table_are_by_feature(metrics: Metrics, sample: Sample) -> None:
    """Who goes on without it can be told apart."""
    for feature in ("ledger", "reports", "ledger"):
        metrics.emit(sample(TableCallFailed, vendor="foo", feature=feature))
    counted = [
        value(metrics, "sluice_table_call_failures_total", vendor="foo", feature=feature)
        for feature in ("ledger", "reports", "attempts")
    ]
    assert counted == [2.0, 1.0, None]


def test_gate_of_the_vendor_is_shown(metrics: Metrics, sample: Sample) -> None:
    """The gate's gauge follows the whole vendor's gate; one key closing or opening does not move it."""
    seen = []
    for kind, scope in ((GateClosed, "key"), (GateClosed, "vendor"), (GateOpened, "key"), (GateOpened, "vendor")):
        metrics.emit(sample(kind, vendor="foo", scope=scope))
        seen.append(value(metrics, "sluice_gate_closed", vendor="foo"))
    assert seen == [None, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (VendorThrottled, "sluice_throttle_answers_total"),
        (LeaseLost, "sluice_leases_lost_total"),
        (AdapterFailed, "sluice_adapter_failures_total"),
        (PipelineCrashed, "sluice_pipeline_crashes_total"),
    ],
)
def test_seldom_events_are_counted(kind: type[Event], name: str, metrics: Metrics, sample: Sample) -> None:
    """Each adds one to its own counter."""
    metrics.emit(sample(kind, vendor="foo"))
    assert value(metrics, name, vendor="foo") == 1.0


def test_in_flight_is_asked_at_each_scrape(metrics: Metrics) -> None:
    """The gauge shows what is held at that moment."""
    held = [1]
    metrics.watch("foo", lambda: len(held))
    assert value(metrics, "sluice_messages_in_flight", vendor="foo") == 1.0
    held.clear()
    assert value(metrics, "sluice_messages_in_flight", vendor="foo") == 0.0


def test_the_rate_factor_is_asked_at_each_scrape(metrics: Metrics) -> None:
    """It comes back by itself, without an event; 1 where the rate is not adaptive."""
    metrics.watch("fixed", lambda: 0)
    assert value(metrics, "sluice_rate_factor", vendor="fixed") == 1.0
    left = [0.7]
    metrics.watch("foo", lambda: 0, lambda: left[0])
    assert value(metrics, "sluice_rate_factor", vendor="foo") == 0.7
    left[0] = 0.9
    assert value(metrics, "sluice_rate_factor", vendor="foo") == 0.9


def test_watched_vendor_shows_zeros(metrics: Metrics) -> None:
    """A watched vendor's counters are there before anything happens: a rate needs a first value."""
    metrics.watch("foo", lambda: 0)
    assert value(metrics, "sluice_messages_buried_total", vendor="foo") == 0.0


def test_two_can_live_side_by_side(metrics: Metrics, settled: Sample) -> None:
    """Nothing is kept in a module: another instance starts from nothing."""
    metrics.emit(settled("Delivered", "Delete"))
    assert value(Metrics(), "sluice_messages_delivered_total", vendor="foo") is None
