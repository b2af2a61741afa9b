"""Whether each vendor's pipeline is alive, and whether it receives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from worker.model.events import Event, PipelineCrashed, PipelineStarted, WorkerStopping
from worker.ports import Clock

STALE_SECONDS = 60.0  # three times the longest poll: a loop that did not turn for so long hangs
LASTING_SECONDS = 60.0  # a start that lasts so long ends a row of crashes
CRASHES = 5  # in a row


@dataclass(slots=True)
class _Pulse:
    """One pipeline; times are monotonic seconds."""

    turned_at: float
    started_at: float | None = None
    crashes: int = 0


class Vitals:
    """Listens to starts, crashes and the stop; receive loops call `beat` each time they turn."""

    def __init__(self, vendors: Iterable[str], clock: Clock) -> None:
        self._clock = clock
        self._pulses = {vendor: _Pulse(clock.monotonic()) for vendor in vendors}
        self._stopping = False

    def beat(self, vendor: str) -> None:
        """A receive loop has turned: polled, or waited for its gate; at least every 20 seconds."""
        self._pulses[vendor].turned_at = self._clock.monotonic()

    def emit(self, event: Event) -> None:
        """Take note of a start, a crash or the stop."""
        match event:
            case WorkerStopping():
                self._stopping = True
            case PipelineStarted():
                pulse = self._pulses[event.vendor]
                pulse.started_at = pulse.turned_at = self._clock.monotonic()
            case PipelineCrashed():
                self._crashed(event)
            case _:
                pass

    def failing(self) -> Mapping[str, str]:
        """Why the worker should be replaced, by vendor; empty while it lives. A stop is bounded by the platform."""
        now = self._clock.monotonic()
        reasons = {} if self._stopping else {vendor: _failure(pulse, now) for vendor, pulse in self._pulses.items()}
        return {vendor: reason for vendor, reason in reasons.items() if reason}

    def unready(self) -> Sequence[str]:
        """The vendors that do not receive: not yet, not after a crash, not while stopping."""
        return [vendor for vendor, pulse in self._pulses.items() if self._stopping or pulse.started_at is None]

    def _crashed(self, event: PipelineCrashed) -> None:
        pulse = self._pulses[event.vendor]
        pulse.crashes = event.crashes
        pulse.started_at = None
        pulse.turned_at = self._clock.monotonic() + event.restart_seconds  # it cannot turn before it runs again


def _failure(pulse: _Pulse, now: float) -> str | None:
    if pulse.crashes >= CRASHES and (pulse.started_at is None or now - pulse.started_at < LASTING_SECONDS):
        return f"crashed {pulse.crashes} times in a row"
    if now - pulse.turned_at > STALE_SECONDS:
        return f"the receive loop has not turned for {now - pulse.turned_at:.0f} s"
    return None
