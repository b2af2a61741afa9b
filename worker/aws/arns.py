"""What AWS resources are called, to the last letter."""

from __future__ import annotations

from dataclasses import dataclass

_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


@dataclass(frozen=True, slots=True)
class Place:
    """An account in a region: there the ARN of a name is known without asking."""

    account: str
    region: str

    def topic(self, name: str) -> str:
        """The ARN of an SNS topic."""
        return f"arn:{self._partition}:sns:{self.region}:{self.account}:{name}"

    def queue(self, name: str) -> str:
        """The ARN of an SQS queue."""
        return f"arn:{self._partition}:sqs:{self.region}:{self.account}:{name}"

    @property
    def _partition(self) -> str:
        return next((part for start, part in _PARTITIONS.items() if self.region.startswith(start)), "aws")
