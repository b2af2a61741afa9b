"""Promise 7 for who publishes: what the library raises and what the command prints hold nothing of a message."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.canaries import Canaries
from tests.e2e.deployment import Deployment
from tests.e2e.quoting import WAYS, quoting
from worker.aws.session import Aws, Credentials
from worker.model.errors import SluiceError
from worker.publish import Entry, InvalidEntryError, Pace, Publisher
from worker.publish.records import publish_file, publish_lines

ARN = "arn:aws:sns:us-east-1:000000000000:messages"
HURRIED = Pace(deadline=timedelta(0), linger=timedelta(0))


class Shown:
    """No JSON, and shown by its mark."""

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def __repr__(self) -> str:
        return self._mark


@pytest.fixture
def marks() -> Canaries:
    """New ones."""
    return Canaries()


@pytest.fixture
async def sns() -> AsyncIterator[str]:
    """The address of an SNS that quotes."""
    async with quoting() as address:
        yield address


def opened(sns: str, way: str) -> Aws:
    """The way to the SNS that answers so."""
    return Aws(region="us-east-1", endpoint=f"{sns}/{way}", credentials=Credentials("test", "test"))


def wrong(mark: str) -> Iterator[Entry]:
    """Entries that can never be published, each for another reason, with a mark in them."""
    yield Entry(f"{mark}\xff".encode("latin-1"))
    yield Entry(f"{mark}\0")
    for value in (float("nan"), Shown(mark), mark.encode(), {mark}, {(mark,): 1}):
        yield Entry({mark: [mark, value]})  # type: ignore[dict-item]
    for value in ("", f"{mark}\0", [mark, {mark: mark}], Shown(mark), {mark: mark}):
        yield Entry(mark, {"name": value})  # type: ignore[dict-item]
    yield Entry(mark, {f"name{number}": mark for number in range(9)})
    yield Entry(mark, {"name": mark * 11_000})
    yield Entry(mark * 11_000)
    yield Entry(mark, tenant=f"{mark} {mark}")


def shown_by(error: BaseException) -> str:
    """All that a log line, a traceback or a tool that collects errors shows of it and of its causes."""
    parts = traceback.format_exception(error)
    link: BaseException | None = error
    while link is not None:
        parts.append(f"{link} {link!r}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "".join(parts)


async def test_an_entry_that_is_wrong_is_not_shown(marks: Canaries, sns: str) -> None:
    """Whatever is wrong with its body, an attribute or its tenant."""
    async with opened(sns, "cut") as aws, Publisher.to(ARN, aws=aws) as publisher:
        for entry in wrong(marks["entry"]):
            with pytest.raises(InvalidEntryError) as raised:
                await publisher.publish_all([entry])
            assert marks.seen_in(shown_by(raised.value)) == {}


@pytest.mark.parametrize("way", WAYS)
async def test_what_sns_says_of_an_entry_is_not_shown(marks: Canaries, sns: str, way: str) -> None:
    """AWS's own messages quote what was sent; the key is told, so that the caller can publish it again."""
    async with opened(sns, way) as aws, Publisher.to(ARN, aws=aws, pace=HURRIED) as publisher:
        with pytest.raises(SluiceError, match="key-7") as raised:
            await publisher.publish(
                {marks["name"]: marks["value"]},
                attributes={"text": marks["attribute"], "bytes": marks["bytes"].encode()},
                key="key-7",
                tenant=marks["tenant"],
            )
        assert marks.seen_in(shown_by(raised.value)) == {}


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda mark: f'{{"body": "{mark}"', id="cut off"),
        pytest.param(lambda mark: f'{{"body": "{mark}\udcff"}}', id="not UTF-8"),
        pytest.param(lambda mark: f'"{mark}"', id="no object"),
        pytest.param(lambda mark: json.dumps({"key": mark}), id="no body"),
        pytest.param(lambda mark: json.dumps({"body": mark, "key": [mark]}), id="a key that is none"),
        pytest.param(lambda mark: json.dumps({"body": mark, "attributes": [mark]}), id="attributes that are none"),
        pytest.param(lambda mark: json.dumps({"body": f"{mark}\0"}), id="a body that SNS does not take"),
    ],
)
async def test_a_line_that_is_wrong_is_not_shown(
    marks: Canaries, sns: str, tmp_path: Path, make: Callable[[str], str]
) -> None:
    """It is told by its place, in a file that is checked first and in lines as they come."""
    line = make(marks["line"])
    (path := tmp_path / "lines.jsonl").write_text(line, errors="surrogateescape")
    async with opened(sns, "cut") as aws, Publisher.to(ARN, aws=aws, pace=HURRIED) as publisher:
        for place, publish in (
            ("lines.jsonl", partial(publish_file, publisher, path)),
            ("stdin:1", partial(publish_lines, publisher, [line])),
        ):
            with pytest.raises(SluiceError) as raised:
                await publish()
            assert marks.seen_in(shown_by(raised.value)) == {}
            assert place in str(raised.value)


async def test_the_command_shows_nothing(deployment: Deployment, marks: Canaries, sns: str) -> None:
    """With -v, in Python's development mode: a body or a tenant that is wrong, a wrong line, an SNS that quotes."""
    deployment.write('[vendors.foo]\nadapter = "echo"\n')
    (body := deployment.folder / "body").write_bytes(f"{marks['body']}\xff".encode("latin-1"))
    (deployment.folder / "lines.jsonl").write_text(f'{{"body": "{marks["body"]}", }}')
    with body.open() as stdin:
        ends = await asyncio.gather(
            _published(deployment, f"{sns}/cut", "-", stdin=stdin.fileno()),
            _published(deployment, f"{sns}/cut", "--file", "lines.jsonl"),
            _published(deployment, f"{sns}/cut", marks["body"], "--tenant", f"{marks['tenant']} "),
            _published(deployment, f"{sns}/refuse", json.dumps(marks["body"]), "-a", f"name={marks['attribute']}"),
        )
    for code, written in ends:
        assert code == 2
        assert "error: " in written
        assert marks.seen_in(written) == {}


async def _published(deployment: Deployment, aws: str, *argv: str, **stdin: Any) -> tuple[int, str]:
    environ = {"AWS_ENDPOINT_URL": aws, "PYTHONDEVMODE": "1"}
    end = await (await deployment.start("publish", "-v", *argv, **stdin, **environ)).end()
    return end.code, end.stdout + end.stderr
