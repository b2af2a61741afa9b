"""Tells what became of messages."""

from __future__ import annotations

from worker.model.disposition import Bury, Decision, Disposition, Postpone, Renew, Replace, is_failure
from worker.model.events import MessageSettled, MessageSuspected
from worker.model.outcome import Delivered, Outcome
from worker.pipeline.held import Held
from worker.ports import Clock, Telemetry


class Report:
    """Emits one event for each settled message, once SQS has confirmed it."""

    def __init__(self, vendor: str, *, clock: Clock, telemetry: Telemetry) -> None:
        self._vendor = vendor
        self._clock = clock
        self._telemetry = telemetry

    def settled(self, held: Held, outcome: Outcome, decision: Decision) -> None:
        """A message was settled as its outcome demands."""
        vendor_id = outcome.vendor_id if isinstance(outcome, Delivered) else None
        attempt = held.failures + (not is_failure(outcome))  # a failure is counted already
        self._emit(held, type(outcome).__name__, decision.disposition, vendor_id=vendor_id, attempt=attempt)

    def handed_back(self, held: Held, disposition: Disposition) -> None:
        """A message was given back at a stop."""
        self._emit(held, "HandedBack", disposition, vendor_id=None, attempt=held.failures + 1)

    def suspected(self, held: Held) -> None:
        """A message goes on alone, for it may be what kills its worker."""
        message = held.message
        self._telemetry.emit(MessageSuspected(self._vendor, message.id, held.key, message.receive_count))

    def _emit(self, held: Held, outcome: str, disposition: Disposition, *, vendor_id: str | None, attempt: int) -> None:
        message = held.message
        self._telemetry.emit(
            MessageSettled(
                vendor=self._vendor,
                message_id=message.id,
                key=held.key,
                outcome=outcome,
                disposition=type(disposition).__name__,
                code=disposition.code if isinstance(disposition, Bury) else None,
                vendor_id=vendor_id,
                attempt=attempt,
                receive_count=message.receive_count,
                size=len(message.body.encode()),
                seconds=held.seconds,
                age_seconds=(self._clock.now() - held.sent_at).total_seconds(),
                delay_seconds=_delay(disposition),
            )
        )


def _delay(disposition: Disposition) -> float:
    return disposition.delay.total_seconds() if isinstance(disposition, Postpone | Replace | Renew) else 0.0
