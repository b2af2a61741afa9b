"""What the demo shows at its end: what the vendors and queues say, against what was promised; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.local.depths import Depth
from worker.local.vendors.counters import Counters
from worker.telemetry.counts import Tally


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one vendor at the end."""

    vendor: str
    published: int  # distinct keys that the filter policies let through to its queue
    counters: Counters  # the vendor's own
    depth: Depth
    tally: Tally


@dataclass(frozen=True, slots=True)
class Check:
    """One promise, and whether it held."""

    text: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """All of it."""

    evidence: Sequence[Evidence]
    checks: Sequence[Check]
    seconds: float  # from the first publish to here

    @property
    def holds(self) -> bool:
        """Whether every promise held."""
        return all(check.holds for check in self.checks)

    def figures(self) -> Mapping[str, float]:
        """All figures, flat."""
        flat: dict[str, float] = {"seconds": round(self.seconds, 2), "holds": int(self.holds)}
        for each in self.evidence:
            flat |= {f"{each.vendor}.{name}": value for name, value in _figures(each).items()}
        return flat


def judge(evidence: Sequence[Evidence], seconds: float, *, most_seconds: float) -> Verdict:
    """Compare what was promised with what is."""
    checks = [check for each in evidence for check in _checks(each)]
    checks.append(
        Check(f"first publish to report in {seconds:.1f} s, at most {most_seconds:.0f} s", seconds <= most_seconds)
    )
    return Verdict(evidence, checks, seconds)


def _checks(each: Evidence) -> Sequence[Check]:
    counters, name = each.counters, each.vendor
    ended = counters.delivered + each.depth.dead
    checks = [
        Check(
            f"{name}: {each.published} keys published = {counters.delivered} delivered + {each.depth.dead} buried",
            ended == each.published,
        ),
        Check(f"{name}: {each.depth.left} left in the queue", each.depth.left == 0),
        Check(f"{name}: {counters.duplicates} duplicates", counters.duplicates == 0),
    ]
    checks += [
        Check(
            f"{name}: at most {worst.count} arrivals in any {worst.seconds:g} s, its limit is {worst.limit}",
            worst.count <= worst.limit,
        )
        for worst in counters.worst
    ]
    if counters.closings:
        text = f"{name}: closed {counters.closings} times, at most {counters.worst_closing} arrival while closed"
        checks.append(Check(text, counters.worst_closing <= 1))
    return checks


def _figures(each: Evidence) -> Mapping[str, float]:
    counters, tally = each.counters, each.tally
    return {
        "published": each.published,
        "delivered": counters.delivered,
        "buried": each.depth.dead,
        "left": each.depth.left,
        "duplicates": counters.duplicates,
        "arrivals": counters.arrivals,
        "retried": tally.retried,
        "throttled": counters.answered.get(429, 0),
        "closings": counters.closings,
        "worst_closing": counters.worst_closing,
        "sqs_calls_per_message": round(tally.sqs_calls / max(1, each.published), 4),
        **{f"worst_{worst.seconds:g}s": worst.count for worst in counters.worst},
        **{f"limit_{worst.seconds:g}s": worst.limit for worst in counters.worst},
    }
