"""The demo's own parts: what it publishes, and what becomes of its verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from worker.app.demo import TOPOLOGY, _messages
from worker.cli import main
from worker.local.verdict import Check, Verdict
from worker.ops.check import check
from worker.settings import load

HOLDS, FAILS = (Verdict([], [Check("a promise", holds=holds)], 1.5) for holds in (True, False))


def run(monkeypatch: pytest.MonkeyPatch, verdict: Verdict | None, *argv: str) -> Result:
    async def demo(*, messages: int, plain: bool) -> Verdict | None:
        assert (messages, plain) == (7, True)
        return verdict

    monkeypatch.setattr("worker.app.demo.demo", demo)
    return CliRunner().invoke(main, ["demo", "--messages", "7", "--plain", *argv])


@pytest.mark.parametrize(("verdict", "code"), [(HOLDS, 0), (FAILS, 1), (None, 130)])
def test_the_verdict_is_the_exit_code(monkeypatch: pytest.MonkeyPatch, verdict: Verdict | None, code: int) -> None:
    """0 holds, 1 does not, 130 was interrupted."""
    assert run(monkeypatch, verdict).exit_code == code


@pytest.mark.parametrize(("verdict", "holds"), [(HOLDS, 1), (FAILS, 0)])
def test_the_figures_are_written_whether_it_holds_or_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verdict: Verdict, holds: int
) -> None:
    """One flat object, figure to number."""
    file = tmp_path / "figures.json"
    run(monkeypatch, verdict, "--json", str(file))
    assert json.loads(file.read_text()) == {"seconds": 1.5, "holds": holds}


def test_its_topology_is_sound() -> None:
    """`sluice check` has nothing to say against it."""
    assert not check(load(TOPOLOGY, environ={})).errors


def test_each_message_names_the_vendors_that_get_it() -> None:
    """Every key once; every vendor gets its share, and the count is what the filter policies will let through."""
    entries, published = _messages(2000)
    assert len({entry.key for entry in entries}) == len(entries) == 2000
    assert published == {"chat": 2000, "crm": 1000, "ads": 800}
    for vendor, count in published.items():
        assert sum(vendor in entry.attributes["target"] for entry in entries) == count  # type: ignore[operator]  # a list
