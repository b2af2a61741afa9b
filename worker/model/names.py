"""What every AWS resource of a topology is called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """Names under one prefix, the topology's `name`."""

    prefix: str

    def topic(self, topic: str) -> str:
        """The SNS topic."""
        return f"{self.prefix}-{topic}"

    def queue(self, vendor: str) -> str:
        """A vendor's SQS queue."""
        return f"{self.prefix}-{vendor}"

    def dead_letters(self, vendor: str) -> str:
        """A vendor's dead-letter queue."""
        return f"{self.prefix}-{vendor}-dlq"

    def undelivered(self, vendor: str) -> str:
        """The dead-letter queue of the vendor's subscription: what SNS could not put into the queue."""
        return f"{self.prefix}-{vendor}-undelivered"

    def bucket(self, account: str, region: str) -> str:
        """The bucket of claim checks; bucket names are global, so account and region are in it."""
        return f"{self.prefix}-claims-{account}-{region}"

    @property
    def metrics(self) -> str:
        """The CloudWatch namespace."""
        return f"Sluice/{self.prefix}"

    @property
    def table(self) -> str:
        """The state table."""
        return f"{self.prefix}-state"
