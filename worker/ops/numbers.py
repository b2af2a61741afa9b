"""Whether a vendor's numbers, and those of a stop, fit together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from worker.model.disposition import MAX_VISIBILITY
from worker.model.duration import format_duration
from worker.model.rate import Rate
from worker.ops.finding import Finding, error, warning
from worker.settings import Topology, VendorSettings

SETTLE = timedelta(seconds=5)  # what a settle may take after the vendor's answer
DEAD_LETTER_RETENTION = timedelta(days=14)  # SQS's longest
_LONGEST_POLL = timedelta(seconds=20)  # SQS
_LONGEST_FARGATE_STOP = timedelta(seconds=120)
_ZERO = timedelta(0)
_SECOND = timedelta(seconds=1)


def vendor_numbers(place: str, entry: VendorSettings) -> Iterator[Finding]:
    """Check one entry; `place` is its table."""
    yield from _waits(place, entry)
    yield from _lease(place, entry)
    yield from _retention(place, entry)
    for key, rate in (("rate", entry.rate), ("rate_per_key", entry.rate_per_key)):
        if rate is not None:
            yield from _windows(f"{place} {key}", rate, entry.guard)
    yield from _burst(place, entry)


def stop_numbers(topology: Topology) -> Iterator[Finding]:
    """Check that a stop ends before the platform kills."""
    sluice = topology.sluice
    poll = max((entry.poll for entry in topology.vendors.values()), default=_ZERO)
    needed = max(poll, sluice.grace) + sluice.flush
    if needed >= sluice.stop_timeout:
        yield error(
            "[sluice] stop_timeout",
            f"a stop takes max(poll {_text(poll)}, grace {_text(sluice.grace)}) + flush {_text(sluice.flush)}"
            f" = {_text(needed)}, and is killed after {_text(sluice.stop_timeout)}",
            f"raise stop_timeout above {_text(needed)} (here and on the platform), or lower grace or poll",
        )
    if sluice.stop_timeout > _LONGEST_FARGATE_STOP:
        yield warning(
            "[sluice] stop_timeout", "Fargate kills after 120s at the latest", 'write "120s" or less to run there'
        )


def _waits(place: str, entry: VendorSettings) -> Iterator[Finding]:
    waits = {
        "timeout": entry.timeout,
        "look_ahead": entry.look_ahead,
        "give_up_after": entry.give_up_after,
        "max_age": entry.max_age,
    }
    for key, wait in waits.items():
        if wait is not None and wait <= _ZERO:
            yield error(f"{place} {key}", "is not above zero: nothing would ever be sent", 'write such as "10s"')
    if entry.scaling.latency_goal <= _ZERO:
        yield error(f"{place} scaling.latency_goal", "is not above zero: no fleet can keep it", 'write such as "5min"')
    if not _whole(entry.poll) or entry.poll > _LONGEST_POLL:
        yield error(f"{place} poll", f"{_text(entry.poll)} is no wait time of SQS", "write whole seconds, 0s to 20s")


def _lease(place: str, entry: VendorSettings) -> Iterator[Finding]:
    if not (_whole(entry.visibility) and _SECOND <= entry.visibility <= MAX_VISIBILITY):
        yield error(
            f"{place} visibility",
            f"{_text(entry.visibility)} is no visibility timeout of SQS",
            "write whole seconds, 1s to 12h",
        )
    if entry.timeout + SETTLE >= entry.visibility:
        yield error(
            f"{place} timeout",
            f"timeout {_text(entry.timeout)} + {_text(SETTLE)} to settle is not below visibility "
            f"{_text(entry.visibility)}: another worker could receive the message while the vendor still answers",
            f"raise visibility above {_text(entry.timeout + SETTLE)}, or lower timeout",
        )
    if entry.poll + SETTLE >= entry.visibility:
        yield error(
            f"{place} poll",
            f"poll {_text(entry.poll)} + {_text(SETTLE)} is not below visibility {_text(entry.visibility)}: a lease "
            "counts from before its receive, so what a long poll brings late could not be worked on",
            f"raise visibility above {_text(entry.poll + SETTLE)}, or lower poll",
        )


def _retention(place: str, entry: VendorSettings) -> Iterator[Finding]:
    if not (_whole(entry.retention) and timedelta(minutes=1) <= entry.retention <= DEAD_LETTER_RETENTION):
        yield error(
            f"{place} retention",
            f"{_text(entry.retention)}: SQS keeps a message for 1min to 14d, and the dead-letter queue must not keep "
            "it for less, because the age of what SQS itself moves there goes on counting",
            "write whole seconds, 1min to 14d",
        )
    if entry.give_up_after >= entry.retention:
        yield error(
            f"{place} give_up_after",
            f"{_text(entry.give_up_after)} is not below retention {_text(entry.retention)}: SQS would drop a failing "
            "message before it is buried",
            "lower give_up_after or raise retention",
        )


def _windows(place: str, rate: Rate, guard: timedelta) -> Iterator[Finding]:
    shortest = min(rate.windows, key=lambda window: window.seconds)
    stretched = guard.total_seconds() / shortest.seconds
    if stretched >= 1:
        yield error(
            place,
            f"guard {_text(guard)} is as long as the window of {shortest}: less than half of the limit would be used",
            "lower guard; 20ms suits most networks",
        )
    elif stretched > 0.1:
        yield warning(
            place,
            f"guard {_text(guard)} leaves {100 / (1 + stretched):.0f} % of {shortest}",
            "lower guard, unless the network is that uneven",
        )
    elif guard == _ZERO:
        yield warning(
            place,
            "guard is 0: requests that left in time may reach the vendor too close together",
            'write guard = "20ms", unless the vendor is next door',
        )


def _burst(place: str, entry: VendorSettings) -> Iterator[Finding]:
    if entry.burst is None:
        return
    if entry.rate is None:
        yield warning(f"{place} burst", "there is no rate that it could belong to", "write rate too, or leave it out")
        return
    smallest = min(entry.rate.windows, key=lambda window: window.limit)
    if entry.burst > smallest.limit:
        yield error(
            f"{place} burst",
            f"{entry.burst} at once is more than {smallest} allows",
            f"write at most {smallest.limit}, or leave it out",
        )


def _whole(wait: timedelta) -> bool:
    return wait >= _ZERO and wait % _SECOND == _ZERO


def _text(wait: timedelta) -> str:
    return format_duration(wait)
