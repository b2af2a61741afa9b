"""`sluice demo`: what it shows, what it reports, and that Ctrl-C leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.program import Program, eventually, left_behind
from tests.e2e.terminal import HIDE, opened

MOMENTS = {  # what is on the screen when Ctrl-C is pressed
    "while the embedded AWS starts": "starting an embedded AWS",
    "while it publishes": "messages through SNS",
    "while it drains": "in flight",
}
HEADERS = ("vendor", "waiting", "in flight", "delivered", "rate", "limit", "retries", "throttled", "buried", "ETA")


@pytest.fixture
def own_tmp(tmp_path: Path) -> Path:
    """A temporary folder in which whatever is left behind shows."""
    (folder := tmp_path / "tmp").mkdir()
    return folder


async def test_it_holds(own_tmp: Path) -> None:
    """Its report holds, in words and in figures: nothing lost, nothing twice, limits kept, at most one probe.

    Slow, about ten seconds: the third vendor closes after 200 arrivals, which takes 550 messages.
    """
    figures = own_tmp.parent / "figures.json"
    argv = ("demo", "--messages", "550", "--plain", "--json", str(figures))
    program = await Program.start(*argv, folder=own_tmp.parent, environ={"TMPDIR": str(own_tmp)})
    end = await program.end(60)
    assert [line for line in end.stdout.splitlines() if "FAILED" in line] == []
    assert (end.code, end.stderr) == (0, "")
    told = json.loads(figures.read_text())
    assert told["holds"] == 1
    assert 0 < told["seconds"] < 60
    for vendor, published in (("chat", 550), ("crm", 275), ("ads", 220)):
        assert f"ok     {vendor}: {published} keys published = {published} delivered + 0 buried" in end.stdout
        counted = [told[f"{vendor}.{name}"] for name in ("published", "delivered", "buried", "left", "duplicates")]
        assert counted == [published, published, 0, 0, 0]
        assert 0.2 <= told[f"{vendor}.sqs_calls_per_message"] < 0.5
    assert told["chat.worst_1s"] <= told["chat.limit_1s"] == 80
    assert told["crm.arrivals"] > 275  # some were answered 500
    assert (told["ads.closings"], told["ads.worst_closing"]) == (1, 1)
    await eventually(lambda: not left_behind(program.pid, own_tmp), within=1)


async def test_its_live_view_fits_a_terminal(tmp_path: Path) -> None:
    """Each figure has its column in 80 columns; at the end the table gives way to the report."""
    async with opened("demo", "--messages", "12", folder=tmp_path) as terminal:
        await terminal.wrote(HEADERS[0])
        assert await terminal.ended() == 0
        drawn = terminal.text.partition("What the vendors")[0]
        header = next(line for line in drawn.splitlines() if "waiting" in line)
        assert [name for name in HEADERS if name not in header] == []
        assert HIDE in drawn
        assert "keys published" in terminal.text
        assert terminal.is_as_it_was


@pytest.mark.parametrize("seen", MOMENTS.values(), ids=MOMENTS.keys())
async def test_ctrl_c_leaves_nothing(own_tmp: Path, seen: str) -> None:
    """At any moment it ends within five seconds, with 130: no process, no file, the terminal as it was."""
    async with opened("demo", folder=own_tmp.parent, TMPDIR=str(own_tmp)) as terminal:
        await terminal.wrote(seen)
        terminal.press_ctrl_c()
        assert await terminal.ended(within=5) == 130
        await eventually(lambda: not left_behind(terminal.pid, own_tmp), within=1)
        await eventually(lambda: "stopped" in terminal.text, within=1)
        assert terminal.is_as_it_was
        assert "Traceback" not in terminal.text
