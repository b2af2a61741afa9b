"""What the command line promises: help, exit codes, one clear line for each mistake."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner, Result

from worker import __version__
from worker.cli import main
from worker.cli.loop import complete
from worker.local.stack import EmbeddedAws
from worker.model.errors import RefusedError
from worker.ops.keys import events_table, settings_tables
from worker.settings import Topology

COMMANDS = ("run", "check", "demo", "dev", "publish", "up", "template", "limits", "plan", "health", "keys")
GOOD = '[sluice]\nname = "{name}"\n[vendors.foo]\nadapter = "echo"\n[vendors.foo-two]\nadapter = "echo"\n'

Sluice = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good sluice.toml, as the current one; no variable of ours or of AWS is set."""
    for variable in [name for name in os.environ if name.startswith(("SLUICE_", "AWS_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sluice.toml").write_text(GOOD.format(name="m"))
    return tmp_path


@pytest.fixture
def sluice(folder: Path) -> Sluice:
    """Run a command line; what it writes and its exit code."""

    def invoke(*argv: str, stdin: str | bytes | None = None, environ: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(main, list(argv), input=stdin, env=environ or {})

    return invoke


def test_help_tells_what_there_is(sluice: Sluice) -> None:
    """All commands, examples, where settings come from, and every exit code."""
    result = sluice("--help")
    assert result.exit_code == 0
    for words in (*COMMANDS, "Examples:", "SLUICE_VENDORS__", "Exit codes:", "130"):
        assert words in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_helps(sluice: Sluice, command: str, flag: str) -> None:
    """A sentence, examples and exit codes; even where there is no sluice.toml."""
    Path("sluice.toml").unlink()
    result = sluice(command, flag)
    assert result.exit_code == 0
    assert f"\n  sluice {command}" in result.stdout.partition("Examples:")[2]
    assert "Exit codes:" in result.stdout


def test_the_version_is_told(sluice: Sluice) -> None:
    """As the package has it."""
    assert sluice("--version").stdout == f"sluice {__version__}\n"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["chekc"], "No such command"),
        (["check", "--awss"], "No such option"),
        (["check", "--set", "x"], "is not PATH=VALUE"),
        (["publish"], "give BODY"),
        (["publish", "x", "--file", "y"], "give BODY"),
        (["publish", "--file", "y", "--key", "k"], "give BODY"),
        (["publish", "x", "-a", "target"], "is not NAME=VALUE"),
        (["demo", "--messages", "0"], "--messages"),
        (["demo", "--json", "nowhere/figures.json"], "No such file"),
        (["health", "--url", "live"], "is not a URL"),
        (["check", "-c", "none.toml"], "none.toml: no such file"),
        (["check", "--set", "vendors.foo.timeout=x"], "--set vendors.foo.timeout: 'x' is not a duration"),
        (["check", "--set", "vendors.bar.timeout=1s"], "no [vendors.bar]"),
        (["run", "--vendor", "fooo"], "no vendor fooo; did you mean foo?"),
        (["run", "--set", "vendors.foo.share=fleet", "--set", "vendors.foo.rate=1/s"], "write [sluice] table = true"),
        (["run", "--set", "vendors.foo.adapter=ecko"], "did you mean 'echo'?"),
        (["up", "--set", "vendors.foo.timeout=2min"], "raise visibility above"),
        (["up"], "no AWS region"),
        (["check", "--aws"], "no AWS region"),
        (["publish", "x"], "no AWS region"),
        (["dev", "elsewhere"], "elsewhere/sluice.toml: no such file"),
    ],
)
def test_a_mistake_is_told_and_exits_with_two(sluice: Sluice, argv: list[str], words: str) -> None:
    """On stderr, without a traceback."""
    result = sluice(*argv, environ={"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull})
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_every_mistake_has_its_line(sluice: Sluice) -> None:
    """Each begins with `error:`."""
    Path("sluice.toml").write_text(GOOD.format(name="m") + "timeout = 1\nrat = '1/s'\n")
    lines = sluice("check").stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("error: sluice.toml:") for line in lines)


def test_verbose_shows_the_cause(sluice: Sluice) -> None:
    """Before or after the command's name."""
    for argv in (["-v", "check", "-c", "none.toml"], ["check", "-v", "-c", "none.toml"]):
        result = sluice(*argv)
        assert result.exit_code == 2
        assert "Traceback" in result.stderr
        assert "error: none.toml" in result.stderr


@pytest.mark.parametrize(
    ("argv", "environ"),
    [
        (["check", "-c", "other.toml"], {}),
        (["-c", "other.toml", "check"], {}),
        (["check"], {"SLUICE_CONFIG": "other.toml"}),
        (["-c", "other.toml", "check"], {"SLUICE_CONFIG": "none.toml"}),
    ],
)
def test_the_topology_may_be_elsewhere(sluice: Sluice, argv: list[str], environ: dict[str, str]) -> None:
    """--config, before or after the command's name, then SLUICE_CONFIG, then sluice.toml."""
    Path("sluice.toml").rename("other.toml")
    assert sluice(*argv, environ=environ).exit_code == 0


def test_check_prints_one_table(sluice: Sluice) -> None:
    """A line for each vendor; variables and flags count."""
    result = sluice("check", "--set", "vendors.foo.rate=80/s", environ={"SLUICE_VENDORS__FOO_TWO__CONCURRENCY": "77"})
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()[:3]] == ["vendor", "foo", "foo-two"]
    assert "80/s" in result.stdout
    assert "77" in result.stdout
    assert "all is well" in result.stdout


def test_check_prints_the_table_of_what_cannot_run(sluice: Sluice) -> None:
    """The findings stand below it, and the exit code is 2."""
    result = sluice("check", "--set", "vendors.foo.dedup=strict")
    assert result.exit_code == 2
    assert "1 error" in result.stdout
    assert "[vendors.foo] dedup" in result.stdout


def test_keys_prints_the_tables(sluice: Sluice) -> None:
    """As the README has them; no topology is needed."""
    Path("sluice.toml").unlink()
    assert sluice("keys").stdout == settings_tables() + "\n"
    assert sluice("keys", "--events").stdout == events_table() + "\n"


def test_health_fails_where_nothing_answers(sluice: Sluice) -> None:
    """Exit code 1: not a mistake of the operator's."""
    result = sluice("health", "--url", "http://127.0.0.1:1/live")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "does not answer" in result.stderr


def test_run_drains_the_vendors_that_were_named(sluice: Sluice, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the topology's order, each once; all where none is named; a mistake of another vendor does not matter."""
    seen: list[tuple[str, ...]] = []

    async def run(topology: Topology, vendors: tuple[str, ...], *, verbosity: int) -> None:
        seen.append((*vendors, str(verbosity)))

    monkeypatch.setattr("worker.cli.run.run", run)
    assert sluice("run").exit_code == 0
    assert sluice("run", "-v", "--vendor", "FOO_TWO", "--vendor", "foo-two").exit_code == 0
    assert sluice("run", "--vendor", "foo", "--set", "vendors.foo-two.dedup=strict").exit_code == 0
    assert seen == [("foo", "foo-two", "0"), ("foo-two", "1"), ("foo", "0")]


async def _refused(*_: object, **__: object) -> NoReturn:
    async with asyncio.TaskGroup():
        raise RefusedError("no such queue: m-foo")


async def _interrupted(*_: object, **__: object) -> NoReturn:
    raise KeyboardInterrupt


async def _mixed(*_: object, **__: object) -> NoReturn:
    raise ExceptionGroup("two", [RefusedError("ours"), ZeroDivisionError("a bug")])


def test_errors_out_of_a_task_group_are_told(sluice: Sluice, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused queue is an exit code 2, however deep it was found."""
    monkeypatch.setattr("worker.cli.run.run", _refused)
    result = sluice("run")
    assert (result.exit_code, result.stderr) == (2, "error: no such queue: m-foo\n")


def test_a_bug_is_not_hidden(sluice: Sluice, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not our error keeps its traceback, even beside one that is."""
    monkeypatch.setattr("worker.cli.run.run", _mixed)
    assert isinstance(sluice("run").exception, ExceptionGroup)


async def _exited(*_: object, **__: object) -> NoReturn:
    raise SystemExit("a body and a secret")


def test_an_exit_of_somebody_else_is_told_without_its_text(sluice: Sluice, monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter that ends the process has failed, whatever it says."""
    monkeypatch.setattr("worker.cli.run.run", _exited)
    result = sluice("run")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("SystemExit\n\n")
    assert "in _exited" in result.stderr


def test_ctrl_c_exits_with_130(sluice: Sluice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing had started that could be stopped."""
    monkeypatch.setattr("worker.cli.run.run", _interrupted)
    result = sluice("run")
    assert (result.exit_code, result.stderr) == (130, "")


def test_ctrl_c_ends_a_call_in_the_air(folder: Path) -> None:
    """A real signal to a real process that waits for AWS: 130, and nothing else is said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        environ = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}", "AWS_REGION": "eu-west-1"}
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        command = [sys.executable, "-m", "worker", "check", "--aws"]
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environ, **keys}
        ) as waiting:
            with silent.accept()[0]:  # it has called
                waiting.send_signal(signal.SIGINT)
                _, stderr = waiting.communicate(timeout=10)
            assert (waiting.returncode, stderr) == (130, "")


def test_work_runs_on_uvloop_where_it_is_installed() -> None:
    """One place decides."""
    uvloop = pytest.importorskip("uvloop")

    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert isinstance(complete(loop()), uvloop.Loop)


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["--help"], 0, "See it work"),
        (["check"], 0, "all is well"),
        (["demo"], 2, "error: rich"),
        (["dev"], 2, "error: the embedded AWS is not installed: pip install '.[demo]'"),
    ],
)
def test_a_worker_needs_no_extra(folder: Path, argv: list[str], code: int, words: str) -> None:
    """As in the production image: help and commands are there, and what is missing for others is named."""
    without = "import sys; sys.modules |= dict.fromkeys(('rich', 'ministack')); from worker.cli import main; main()"
    ended = subprocess.run([sys.executable, "-c", without, *argv], capture_output=True, text=True, check=False)
    assert (ended.returncode, words in ended.stdout + ended.stderr) == (code, True), ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_is_a_module_too(folder: Path) -> None:
    """`python -m worker` is `sluice`, with its exit codes, in a real process."""
    command = [sys.executable, "-m", "worker", "check", "-c", "none.toml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: none.toml: no such file")


async def _in_thread(sluice: Sluice, stack: EmbeddedAws, *argv: str, stdin: str | bytes | None = None) -> Result:
    return await asyncio.to_thread(sluice, *argv, stdin=stdin, environ=stack.environment)


def _written(path: str, text: str) -> None:
    Path(path).write_text(text)


async def test_up_provisions_once(sluice: Sluice, embedded_aws: EmbeddedAws, unique_name: str) -> None:
    """A dry run makes nothing, the first run makes all, a second changes nothing, and the check agrees."""
    _written("sluice.toml", GOOD.format(name=unique_name))
    for _ in range(2):
        dry = await _in_thread(sluice, embedded_aws, "up", "--dry-run")
        assert dry.exit_code == 0
        assert "dry run, nothing was changed; it would be: 9 created, 0 updated, 0 unchanged" in dry.stdout
    assert (await _in_thread(sluice, embedded_aws, "check", "--aws")).exit_code == 2
    first = await _in_thread(sluice, embedded_aws, "up")
    assert f"create queue {unique_name}-foo\n" in first.stdout
    assert first.stdout.endswith("9 created, 0 updated, 0 unchanged\n")
    assert (await _in_thread(sluice, embedded_aws, "up")).stdout == "0 created, 0 updated, 9 unchanged\n"
    assert (await _in_thread(sluice, embedded_aws, "check", "--aws")).exit_code == 0


async def test_publish_takes_arguments_stdin_and_files(
    sluice: Sluice, embedded_aws: EmbeddedAws, unique_name: str
) -> None:
    """One message says its id and key, a file its count."""
    _written("sluice.toml", GOOD.format(name=unique_name))
    await _in_thread(sluice, embedded_aws, "up")
    one = await _in_thread(sluice, embedded_aws, "publish", "{}", "-a", "target=FOO", "-a", 'list=["A"]', "--key", "k1")
    assert (one.exit_code, one.stderr) == (0, "")
    assert one.stdout.endswith(" with key k1\n")
    assert (await _in_thread(sluice, embedded_aws, "publish", "-", stdin="hello")).exit_code == 0
    lines = '{"body": 1}\n{"body": {"a": 2}, "key": "k"}\n'
    _written("lines.jsonl", lines)
    for path in ("lines.jsonl", "-"):
        file = await _in_thread(sluice, embedded_aws, "publish", "--file", path, stdin=lines)
        assert (file.exit_code, file.stdout) == (0, "published 2\n")


@pytest.mark.parametrize(
    ("argv", "stdin", "words"),
    [
        (["publish", ""], None, "the body is empty"),
        (["publish", "-"], b"\xff", "not UTF-8"),
        (["publish", "x", "--topic", "mesages"], None, "did you mean 'messages'?"),
        (["publish", "x", "-a", "sluice-key=1"], None, "Sluice's own"),
        (["publish", "x", "-a", 'list=["A"'], None, None),
        (["publish", "--file", "none.jsonl"], None, "none.jsonl"),
    ],
)
async def test_what_cannot_be_published_is_told(
    sluice: Sluice, embedded_aws: EmbeddedAws, argv: list[str], stdin: str | bytes | None, words: str | None
) -> None:
    """One line, exit code 2; a text that only begins like a list is a text, and fails for want of the topic."""
    result = await _in_thread(sluice, embedded_aws, *argv, stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert (words or "NotFound") in result.stderr
    assert "Traceback" not in result.stderr
