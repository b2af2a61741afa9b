"""What one drain has used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drained:
    """One run of one side, from its first receive to its last confirmed delete."""

    messages: int
    seconds: float
    cpu: float  # seconds, user and system, of its process
    sqs_calls: int
    megabytes: float  # resident at most, its imports included

    @property
    def cpu_per_message(self) -> float:
        """Microseconds."""
        return self.cpu / self.messages * 1e6

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def calls_per_message(self) -> float:
        """SQS requests."""
        return self.sqs_calls / self.messages
