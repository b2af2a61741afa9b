"""What the README shows of a run: a row for each storm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks.chaos.ride import Ride

_HEAD = "| storm | published | delivered | buried | lost | violations | duplicates | died / stopped | seconds |"
_RULE = "| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: |"


def summary(rides: Iterable[Ride]) -> str:
    """A Markdown table: messages, then vendor requests that were made twice, then workers."""
    return "\n".join([_HEAD, _RULE, *map(_row, rides)])


def _row(ride: Ride) -> str:
    told = ride.judgement
    cells = [
        f"`{ride.storm}`",
        *(f"{count:,}" for count in (told.published, told.delivered, told.buried, ride.lost, len(told.violations))),
        _causes(told.duplicates),
        f"{ride.deaths} / {ride.stops}",
        f"{ride.seconds:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _causes(duplicates: Mapping[str, int]) -> str:
    return "; ".join(f"{count} {cause}" for cause, count in sorted(duplicates.items())) or "0"
