"""What the README shows of a run: a line for each row, and for each who was beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.limit.kept import Kept, kept, sufficient_guard
from benchmarks.limit.result import GUARD, Result, Seen
from worker.model.rate import Rate

_HEAD = "| row | fullest window: left | arrived | too many: left | arrived | guard that suffices | use | |"
_RULE = "| --- | --- | --- | ---: | ---: | ---: | ---: | --- |"


def summary(results: Sequence[Result]) -> str:
    """A Markdown table."""
    return "\n".join([_HEAD, _RULE, *(line for result in results for line in _lines(result))])


def _lines(result: Result) -> Iterator[str]:
    if not result.seen:
        yield f"| `{result.name}` | {'– | ' * 6}{result.remark} |"
    for number, seen in enumerate(result.seen):
        name = f"`{result.name}`" if number == 0 else f"… {seen.who}"
        remark = result.remark if number == 0 else ""
        yield f"| {' | '.join([name, *_cells(result.rate, seen), remark])} |"


def _cells(rate: Rate, seen: Seen) -> Sequence[str]:
    left, came = kept(seen.sending.sent, rate), kept(seen.sending.arrived, rate)
    guard = sufficient_guard(seen.sending.arrived, rate, GUARD)
    ours = seen.who == "Sluice"
    return (
        _worst(left),
        _worst(came),
        f"{sum(each.violations for each in left):,}",
        f"{sum(each.violations for each in came):,}",
        f"{1000 * guard:.0f} ms" if ours and guard == guard else "–",  # noqa: PLR0124 - NaN
        _percent(seen.use) + (f" (≥ {seen.least_use:.0%})" if seen.least_use is not None else ""),
    )


def _worst(each: Sequence[Kept]) -> str:
    return ", ".join(f"{one.worst:,} of {one.window.limit:,}" for one in each)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share == share else "–"  # noqa: PLR0124 - NaN
