"""What AWS charges: one dated file."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from worker.model.errors import ConfigurationError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fargate(_Part):
    """Tasks; `spot_share`: of the price on demand."""

    vcpu_hour: float
    gb_hour: float
    spot_share: float

    def task_hour(self, vcpu: float, gigabytes: float) -> float:
        """Of one task, on demand."""
        return vcpu * self.vcpu_hour + gigabytes * self.gb_hour


class Sqs(_Part):
    """Standard queues."""

    million_requests: float


class Sns(_Part):
    """Standard topics."""

    million_publishes: float


class DynamoDb(_Part):
    """On demand: writes of 1 KiB, consistent reads of 4 KiB."""

    million_writes: float
    million_reads: float


class CloudWatch(_Part):
    """Metrics, alarms, dashboards, logs."""

    metric_month: float
    alarm_month: float
    dashboard_month: float
    log_gb: float
    thousand_puts: float


class Functions(_Part):
    """Lambda."""

    million_requests: float
    gb_second: float


class Network(_Part):
    """NAT gateways and public addresses."""

    nat_hour: float
    nat_gb: float
    ipv4_hour: float


class Secrets(_Part):
    """Secrets Manager."""

    secret_month: float


class Prices(_Part):
    """A whole file, in US dollars."""

    date: str
    region: str
    source: str
    fargate: Fargate
    sqs: Sqs
    sns: Sns
    dynamodb: DynamoDb
    cloudwatch: CloudWatch
    functions: Functions
    network: Network
    secrets: Secrets

    @classmethod
    def load(cls, file: Path | None = None) -> Prices:
        """Read a file, or the one that Sluice brings; raises ConfigurationError that names what is wrong with it."""
        try:
            text = (file or files("worker.ops") / "prices.toml").read_text(encoding="utf-8")
            tables = tomllib.loads(text)
            return cls.model_validate({"functions" if name == "lambda" else name: tables[name] for name in tables})
        except OSError as error:
            raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{file}: cannot be read as TOML: {error}") from error
        except ValidationError as error:
            wrong = [f"{file}: {_place(each['loc'])}: {each['msg']}" for each in error.errors()]
            raise ConfigurationError("\n".join(wrong)) from error


def _place(path: tuple[int | str, ...]) -> str:
    """As the file has it."""
    return ".".join("lambda" if part == "functions" else str(part) for part in path)
