"""What a topology on ECS costs a month, idle and with so many tasks and messages: quantity × price, line by line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from worker.ops.prices import Prices
from worker.ops.traits import traits_of
from worker.settings import Topology
from worker.telemetry.emfline import COUNTS, GAUGES, SECONDS

HOURS = 730  # of a month
_MINUTES, _SECONDS = HOURS * 60, HOURS * 3600

_EMPTY, _BUSY = 1.0, 0.22  # SQS calls a message: received as it comes; received and deleted in tens
_LINGER = 0.5  # seconds that a delete waits for nine others
_RESERVED, _RESERVED_BUSY = 1.0, 0.2  # table writes a message for its send time, at most (docs/limits.md)
_IN_TOUCH = 1 / 3  # table reads per second of a task with no send time to reserve
_REPORT = 1 / 15  # table writes, and reads, per second of a task, for each vendor
_SETTLED = 500  # bytes of log a message: message.settled
_METRICS = 4_000  # bytes of log a minute, of each task and vendor: one line of metrics, at most
_WIRE = 6_000  # bytes a message through the NAT gateway: the vendor's request and reply, SQS, the log
_SCALER_SECONDS, _SCALER_GIGABYTES = 0.5, 0.25

# Of deploy/ecs: alarms and metrics.
_VENDOR_ALARMS, _TOPIC_ALARMS, _POOL_ALARMS, _OTHER_ALARMS = 7, 4, 3, 1
_VENDOR_METRICS = len(COUNTS) + len(SECONDS) + len(GAUGES)  # while tasks run
_SCALER_METRICS = 4  # of each vendor


@dataclass(frozen=True, slots=True)
class Cost:
    """One line, in dollars a month."""

    name: str
    idle: float
    load: float
    how: str  # the load's quantity and price


@dataclass(frozen=True, slots=True)
class _Month:
    """What one month holds."""

    tasks: Mapping[str, int]  # by pool, all the time
    sent: Mapping[str, float]  # messages per second, by vendor
    busy: Collection[str]  # vendors whose queue is never empty


def costs(
    topology: Topology,
    prices: Prices,
    *,
    tasks: Mapping[str, int],
    sent: Mapping[str, float],
    busy: Collection[str],
) -> tuple[Cost, ...]:
    """Each line; `tasks` run by pool, `sent` is messages per second by vendor, `busy` who always has a backlog."""
    idle = list(_lines(topology, prices, _Month({}, {}, ())))
    load = list(_lines(topology, prices, _Month(tasks, sent, busy)))
    return tuple(Cost(name, before, after, how) for (name, before, _), (_, after, how) in zip(idle, load, strict=True))


def _lines(topology: Topology, prices: Prices, month: _Month) -> Iterator[tuple[str, float, str]]:
    yield from _fargate(topology, prices, month)
    yield from _messages(topology, prices, month)
    yield from _table(topology, prices, month)
    yield from _watching(topology, prices, month)
    yield from _ground(topology, prices, month)


def _fargate(topology: Topology, prices: Prices, month: _Month) -> Iterator[tuple[str, float, str]]:
    kept, spot = 0.0, 0.0
    kept_how, spot_how = list[str](), list[str]()
    for name, tasks in month.tasks.items():
        pool = topology.pools[name]
        price = prices.fargate.task_hour(pool.cpu / 1024, pool.memory / 1024)
        first = min(tasks, pool.on_demand)
        kept += first * HOURS * price
        spot += (tasks - first) * HOURS * price * prices.fargate.spot_share
        kept_how += [f"{first} × {HOURS} h × {price:.6g}"] if first else []
        spot_how += [f"{tasks - first} × {HOURS} h × {price * prices.fargate.spot_share:.6g}"] if tasks > first else []
    yield "Fargate, on demand", kept, ", ".join(kept_how)
    yield "Fargate, Spot", spot, ", ".join(spot_how)


def _messages(topology: Topology, prices: Prices, month: _Month) -> Iterator[tuple[str, float, str]]:
    count = sum(month.sent.values()) * _SECONDS
    calls = sum(month.sent.get(name, 0.0) * _SECONDS * _calls(name, topology, month) for name in topology.vendors)
    looks = _MINUTES * len(topology.vendors)  # the scaler's
    price = prices.sqs.million_requests
    how = f"{(calls + looks) / 1e6:,.2f} million × {price:g}, {calls / max(1.0, count):.2f} a message"
    yield "SQS requests", (calls + looks) / 1e6 * price, how
    yield _million("SNS publishes", count, prices.sns.million_publishes)


def _calls(name: str, topology: Topology, month: _Month) -> float:
    """Receives and deletes a message."""
    if name in month.busy:
        return _BUSY
    tasks = month.tasks.get(topology.vendors[name].pool, 1)
    return _EMPTY + 1 / min(10.0, max(1.0, month.sent.get(name, 0.0) / max(1, tasks) * _LINGER))


def _table(topology: Topology, prices: Prices, month: _Month) -> Iterator[tuple[str, float, str]]:
    pools, vendors = len(_pools(topology)), len(topology.vendors)
    writes, reads = 0.0, 0.0
    for name, vendor in topology.vendors.items():
        messages, tasks = month.sent.get(name, 0.0) * _SECONDS, month.tasks.get(vendor.pool, 0)
        shared = vendor.share == "fleet" and vendor.rate is not None
        reserved = (_RESERVED_BUSY if name in month.busy else _RESERVED) if shared else 0.0
        writes += messages * (reserved + _ledger(name, topology)) + tasks * _REPORT * _SECONDS
        reads += tasks * _SECONDS * (_REPORT + _IN_TOUCH) if shared else 0.0
    yield _million("DynamoDB writes", writes + _MINUTES * pools, prices.dynamodb.million_writes)  # the scaler's memory
    yield _million("DynamoDB reads", reads + _MINUTES * (pools + vendors), prices.dynamodb.million_reads)


def _ledger(name: str, topology: Topology) -> int:
    """Writes a message; by default one, which an adapter whose vendor takes idempotency keys saves."""
    default = "off" if traits_of(topology, name).idempotent else "redelivery"
    return {"off": 0, "redelivery": 1, "strict": 2}[topology.vendors[name].dedup or default]


def _watching(topology: Topology, prices: Prices, month: _Month) -> Iterator[tuple[str, float, str]]:
    price, pools = prices.cloudwatch, _pools(topology)
    working = [vendor for vendor in topology.vendors.values() if month.tasks.get(vendor.pool)]
    running = {vendor.pool for vendor in working}
    metrics = _SCALER_METRICS * len(topology.vendors) + len(pools) + _VENDOR_METRICS * len(working) + len(running)
    alarms = (
        _VENDOR_ALARMS * len(topology.vendors)
        + _TOPIC_ALARMS * len({vendor.topic or topology.sluice.topic for vendor in topology.vendors.values()})
        + _POOL_ALARMS * len(pools)
        + _OTHER_ALARMS
    )
    logs = sum(month.sent.values()) * _SECONDS * _SETTLED
    logs += sum(month.tasks[vendor.pool] for vendor in working) * _MINUTES * _METRICS
    yield "CloudWatch metrics", metrics * price.metric_month, f"{metrics} × {price.metric_month:g}"
    yield "CloudWatch alarms", alarms * price.alarm_month, f"{alarms} × {price.alarm_month:g}"
    yield "CloudWatch dashboard", price.dashboard_month, f"1 × {price.dashboard_month:g}"
    yield "CloudWatch requests", _MINUTES / 1000 * price.thousand_puts, f"{_MINUTES:,} at {price.thousand_puts:g}/1,000"
    yield "CloudWatch logs", logs / 1e9 * price.log_gb, f"{logs / 1e9:.2f} GB × {price.log_gb:g}"


def _ground(topology: Topology, prices: Prices, month: _Month) -> Iterator[tuple[str, float, str]]:
    compute = _MINUTES * _SCALER_SECONDS * _SCALER_GIGABYTES
    scaler = _MINUTES / 1e6 * prices.functions.million_requests + compute * prices.functions.gb_second
    yield "Lambda, the scaler", scaler, f"{_MINUTES:,} calls, {compute:,.0f} GB-s at {prices.functions.gb_second:g}"
    hourly = prices.network.nat_hour + prices.network.ipv4_hour
    yield "NAT gateway", HOURS * hourly, f"{HOURS} h × {hourly:g}, none where a VPC is given"
    carried = sum(month.sent.values()) * _SECONDS * _WIRE / 1e9
    yield "NAT data", carried * prices.network.nat_gb, f"{carried:.1f} GB × {prices.network.nat_gb:g}"
    secrets = len({vendor.secret for vendor in topology.vendors.values() if vendor.secret})
    yield "Secrets Manager", secrets * prices.secrets.secret_month, f"{secrets} × {prices.secrets.secret_month:g}"


def _pools(topology: Topology) -> set[str]:
    return {vendor.pool for vendor in topology.vendors.values()}


def _million(name: str, count: float, price: float) -> tuple[str, float, str]:
    return name, count / 1e6 * price, f"{count / 1e6:,.2f} million × {price:g}"
