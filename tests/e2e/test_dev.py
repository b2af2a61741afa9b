"""`sluice dev`: a folder's topology on this machine, until Ctrl-C."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

from tests.e2e.program import Program, eventually, left_behind

TOPOLOGY = """
[sluice]
name = "dev"
health_port = 0
table = true

[defaults]
adapter = "http"
secret = "shared"
filter = { target = ["foo"] }
options = { url = "https://vendor.example/v1", headers = { Authorization = "Bearer {secret}" } }

[vendors.foo]
[vendors.bar]
filter = { target = ["bar"] }
"""


async def test_it_runs_a_folder_until_ctrl_c(tmp_path: Path) -> None:
    """What it prints leads another process to it, what that publishes is delivered; Ctrl-C ends all of it with 0.

    The state table is there, as the topology says.
    """
    (own_tmp := tmp_path / "tmp").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "sluice.toml").write_text(TOPOLOGY)
    dev = await Program.start("dev", "there", folder=tmp_path, environ={"TMPDIR": str(own_tmp)})
    told = await dev.wrote("pipeline.started", times=2)
    environ = dict(re.findall(r"(AWS_\w+)=(\S+)", told.partition("export ")[2].partition("\n")[0]))
    argv = ("publish", "-c", "there/sluice.toml", '{"hello": "world"}', "-a", "target=foo", "--key", "k1")
    publish = await Program.start(*argv, folder=tmp_path, environ=environ)
    assert (await publish.end()).code == 0
    check = await Program.start("check", "--aws", "-c", "there/sluice.toml", folder=tmp_path, environ=environ)
    assert "all is well" in (await check.end()).stdout
    await dev.wrote('"Delivered"')
    dev.send(signal.SIGINT)
    end = await dev.end(within=5)
    assert (end.code, end.stderr) == (0, "")
    events = [json.loads(line) for line in end.stdout.splitlines() if line.startswith("{")]
    delivered = [(each["vendor"], each["key"]) for each in events if each["event"] == "message.settled"]
    assert delivered == [("foo", "k1")]
    assert events[-1]["event"] == "worker.stopped"
    assert "table.call_failed" not in end.stdout
    await eventually(lambda: not left_behind(dev.pid, own_tmp), within=1)


async def test_ctrl_c_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    """It does not wait for the start to end."""
    (own_tmp := tmp_path / "tmp").mkdir()
    (tmp_path / "sluice.toml").write_text(TOPOLOGY)
    dev = await Program.start("dev", folder=tmp_path, environ={"TMPDIR": str(own_tmp)})
    await eventually(lambda: any(own_tmp.iterdir()))  # the embedded AWS starts
    dev.send(signal.SIGINT)
    end = await dev.end(within=5)
    assert (end.code, end.stderr) == (0, "")
    assert "export" not in end.stdout
    await eventually(lambda: not left_behind(dev.pid, own_tmp), within=1)
