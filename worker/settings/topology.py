"""What a `sluice.toml` may say: every table and key, with its default and meaning."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from worker.model.duration import parse_duration
from worker.model.naming import parse_naming
from worker.model.rate import Rate, parse_rate
from worker.settings.names import fold


def _duration(value: object) -> timedelta:
    try:
        return parse_duration(value)
    except OverflowError:
        raise ValueError(f"{value!r} is longer than any wait") from None


def _rate(value: object) -> Rate:
    try:
        return value if isinstance(value, Rate) else parse_rate(value)
    except OverflowError:
        raise ValueError(f"{value!r} is slower than any vendor") from None


def _limit_key(value: str) -> str:
    return str(parse_naming("limit_key", value))


def _secret(value: str) -> str:
    return str(parse_naming("secret", value))


def _folded(value: object) -> object:
    return fold(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Limit = Annotated[Rate, BeforeValidator(_rate)]
LimitKey = Annotated[str, AfterValidator(_limit_key)]
SecretName = Annotated[str, AfterValidator(_secret)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
Reference = Annotated[Name, BeforeValidator(_folded)]


class Frozen(BaseModel):
    """What no one changes after it was read, and which knows no other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class SluiceSettings(Frozen):
    """`[sluice]`: what holds for the whole topology."""

    name: Name = Field(description="prefix of every AWS name")
    topic: Name = Field("messages", description="the default topic; a vendor may name another")
    table: bool = Field(False, description="a DynamoDB state table; features that need one say so")
    bucket: bool = Field(False, description="an S3 bucket for claim checks")
    claim_buckets: tuple[str, ...] = Field((), description="further buckets from which pointers are read")
    grace: Duration = Field(timedelta(seconds=20), description="how long a stop waits for deliveries")
    flush: Duration = Field(timedelta(seconds=5), description="how long a stop waits for the last settles")
    stop_timeout: Duration = Field(
        timedelta(seconds=30), description="when the platform kills: ECS stopTimeout, docker stop -t"
    )
    health_host: str = Field("127.0.0.1", description="where /live, /ready and /metrics listen")
    health_port: int = Field(8080, ge=0, le=65535, description="their port; 0: none")
    metrics: Literal["prometheus", "emf"] = Field(
        "prometheus",
        description="prometheus: at /metrics; emf: also a line for each vendor and minute on stdout, of which "
        "CloudWatch Logs makes metrics",
    )


class ScalingSettings(Frozen):
    """`[vendors.NAME.scaling]`."""

    latency_goal: Duration = Field(timedelta(minutes=5), description="how old the oldest message may get")


class VendorSettings(Frozen):
    """`[vendors.NAME]`; every key may also stand in `[defaults]`."""

    adapter: str = Field(
        description='a module of worker/vendors, an entry point of group "sluice.vendors", or "package.module:Class"'
    )
    options: dict[str, Any] = Field(default_factory=dict, description="validated by the adapter's Options model")
    topic: Name | None = Field(None, description="the topic it subscribes to; default: [sluice] topic")
    filter: dict[str, Any] | None = Field(None, description="SNS filter policy; none: every message of the topic")
    filter_scope: Literal["attributes", "body"] = Field("attributes", description="what the filter policy looks at")
    rate: Limit | None = Field(None, description='"80/s", or several windows: ["10/s", "150/min"]; none: no limit')
    rate_per_key: Limit | None = Field(None, description="a second level: per recipient, channel, shop")
    limit_key: LimitKey | None = Field(
        None,
        description="entries with the same key share one limit; payload fields in it make one for each value: "
        '"shop/{shop}"',
    )
    burst: int | None = Field(
        None, ge=1, description="how many may leave at once; default max(1, rate per second / 20)"
    )
    guard: Duration = Field(
        timedelta(milliseconds=20), description="how much each window is stretched for network jitter"
    )
    adaptive: bool = Field(False, description="slow down on 429 and recover")
    share: Literal["one", "split", "fleet"] = Field("one", description="how tasks share the limit")
    paused: bool = Field(False, description="nothing is received or sent; its messages wait in the queue")
    concurrency: int = Field(10, ge=1, le=10_000, description="requests at once, per task")
    max_connections: int | None = Field(
        None, ge=1, description="the vendor's own cap for the fleet: each task has its part, by its pool's max_tasks"
    )
    timeout: Duration = Field(timedelta(seconds=10), description="one vendor request")
    endpoint: str | None = Field(
        None, description="scheme://host:port that takes the place of the vendor's own: for tests and dev"
    )
    secret: SecretName | None = Field(
        None, description='name or ARN in Secrets Manager, fetched at run time; may hold payload fields: "shop/{shop}"'
    )
    max_attempts: int = Field(
        8, ge=1, le=300, description="failed attempts; throttles, hand-backs and closed gates are not attempts"
    )
    give_up_after: Duration = Field(
        timedelta(hours=6), description="from the first failed attempt, time with the gate closed not counted"
    )
    max_age: Duration | None = Field(None, description="messages older than this are buried unsent, whatever the cause")
    dedup: Literal["off", "redelivery", "strict"] | None = Field(
        None,
        description="whether a ledger in the state table is asked before sending; default: redelivery where there is a "
        "table and the adapter is not idempotent, else off",
    )
    budget: Duration = Field(
        timedelta(minutes=15), description="how long a long job stays in hand; then its continuation is sent"
    )
    on_ambiguous: Literal["retry", "bury"] = Field(
        "retry", description="no answer from a vendor that cannot take a message twice"
    )
    visibility: Duration = Field(
        timedelta(seconds=60), description="visibility timeout: how long a message stays ours without a heartbeat"
    )
    poll: Duration = Field(timedelta(seconds=20), description="wait time of a receive, at most 20 s")
    look_ahead: Duration = Field(
        timedelta(seconds=2), description="how far permits look: no message is received that could not be sent by then"
    )
    envelope: Literal["auto", "none"] = Field(
        "auto",
        description="auto: SNS, EventBridge, CloudEvents and S3 envelopes are opened; none: the body is the payload",
    )
    retention: Duration = Field(
        timedelta(days=14), description="how long the queue keeps a message; the dead-letter queue keeps it 14 days"
    )
    pool: Reference = Field("default", description="the ECS service that it runs in")
    scaling: ScalingSettings = Field(default_factory=ScalingSettings)


class PoolSettings(Frozen):
    """`[pools.NAME]`: one ECS service."""

    max_tasks: int = Field(4, ge=1, description="the most tasks that may run")
    on_demand: int = Field(1, ge=0, description="so many of them on demand before the others are Spot")
    cpu: int = Field(256, ge=256, le=16384, description="CPU units of a task: 256, 512, 1024 (one core), 2048 …")
    memory: int = Field(512, ge=512, description="MiB of a task, as Fargate offers them for that cpu")


class Topology(Frozen):
    """All of `sluice.toml`."""

    sluice: SluiceSettings
    vendors: dict[Name, VendorSettings]
    pools: dict[Name, PoolSettings] = Field(default_factory=lambda: {"default": PoolSettings()})

    def concurrency(self, vendor: str) -> int:
        """How many requests each task may make at once: its part of the vendor's cap; 0: there is none for each."""
        entry = self.vendors[vendor]
        if entry.max_connections is None:
            return entry.concurrency
        return min(entry.concurrency, entry.max_connections // self.pools[entry.pool].max_tasks)
