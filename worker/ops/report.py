"""What a check found, as an operator reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from worker.model.errors import ConfigurationError
from worker.ops.finding import Finding, Severity
from worker.ops.table import columns
from worker.settings import Topology, VendorSettings

_HEAD = ("vendor", "adapter", "rate", "concurrency", "filter", "attempts", "findings")


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found, and the topology that it is about."""

    topology: Topology
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What keeps it from running."""
        return tuple(each for each in self.findings if each.severity is Severity.ERROR)

    def require(self) -> None:
        """Raise ConfigurationError with every error, if there is one."""
        if self.errors:
            raise ConfigurationError("\n".join(f"{each.place}: {each.text}; {each.way_out}" for each in self.errors))

    def __str__(self) -> str:
        rows = [_row(name, entry, self._about(name)) for name, entry in self.topology.vendors.items()]
        return "\n".join(
            [columns([_HEAD, *rows]), "", *(map(str, self.findings) if self.findings else ["all is well"])]
        )

    def _about(self, vendor: str) -> list[Finding]:
        return [each for each in self.findings if each.place.startswith(f"[vendors.{vendor}]")]


def _row(name: str, entry: VendorSettings, findings: Sequence[Finding]) -> tuple[str, ...]:
    return (
        name,
        entry.adapter,
        str(entry.rate or "–"),
        str(entry.concurrency),
        _filter_words(entry),
        str(entry.max_attempts),
        _count(findings),
    )


def _filter_words(entry: VendorSettings) -> str:
    if not entry.filter:
        return "everything"
    names = ", ".join(entry.filter)
    return names if entry.filter_scope == "attributes" else f"body: {names}"


def _count(findings: Sequence[Finding]) -> str:
    errors = sum(each.severity is Severity.ERROR for each in findings)
    warnings = len(findings) - errors
    words = [
        f"{count} {word}{'s' * (count > 1)}" for count, word in ((errors, "error"), (warnings, "warning")) if count
    ]
    return ", ".join(words) or "ok"
