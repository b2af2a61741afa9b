"""JSON lines to messages."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.sns import FakeSns
from worker.aws.session import Aws
from worker.model.errors import ConfigurationError
from worker.publish import Entry, InvalidEntryError, Publisher
from worker.publish.records import publish_file, publish_lines, read_line


@pytest.fixture
async def publisher(sns: FakeSns, sns_aws: Aws) -> AsyncIterator[Publisher]:
    async with Publisher.to(sns.ARN, aws=sns_aws) as publisher:
        yield publisher


def sent(sns: FakeSns) -> list[str]:
    return sorted(entry["Message"] for call in sns.calls for entry in call)


def test_a_line_has_all_that_an_entry_has() -> None:
    """Body of any JSON, attributes, key, tenant and topic."""
    line = '{"body": [1], "attributes": {"a": ["x"]}, "key": "k", "tenant": "t", "topic": "m"}'
    assert read_line(line, "f:1") == Entry([1], {"a": ["x"]}, "k", "t", "m")


def test_what_is_null_is_not_given() -> None:
    """A null body is a body; a null key is none."""
    assert read_line('{"body": null, "key": null, "attributes": null}', "f:1") == Entry(None)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "f:3: not JSON"),
        ("[1]", "f:3: not an object"),
        ('{"key": "k"}', "f:3: the key 'body' is missing"),
        ('{"body": 1, "atributes": {}}', "f:3: unknown key 'atributes': did you mean 'attributes'"),
        ('{"body": 1, "zzz": {}}', "f:3: unknown key 'zzz': a line has body, attributes, key"),
        ('{"body": 1, "key": 7}', "f:3: 'key' is not a text"),
        ('{"body": 1, "attributes": [1]}', "f:3: 'attributes' is not an object"),
    ],
)
def test_a_wrong_line_is_named_by_place_and_fault(line: str, says: str) -> None:
    """File, line, what is wrong, and the nearest valid key."""
    with pytest.raises(InvalidEntryError, match=says):
        read_line(line, "f:3")


async def test_a_file_is_published_line_by_line(sns: FakeSns, publisher: Publisher, tmp_path: Path) -> None:
    """Blank lines are skipped; progress tells how many of how many."""
    file = tmp_path / "m.jsonl"
    file.write_text("".join(f'{{"body": {n}}}\n\n' for n in range(12)))
    told: list[tuple[int, int | None]] = []
    assert await publish_file(publisher, file, lambda confirmed, total: told.append((confirmed, total))) == 12
    assert sent(sns) == sorted(str(n) for n in range(12))
    assert told[-1] == (12, 12)


@pytest.mark.parametrize("wrong", ["{", '{"body": ""}', '{"body": 1, "topic": "nowhere"}'])
async def test_of_a_file_with_a_wrong_line_nothing_is_published(
    sns: FakeSns, publisher: Publisher, tmp_path: Path, wrong: str
) -> None:
    """The whole file is checked first, so it can be corrected and published again."""
    file = tmp_path / "m.jsonl"
    file.write_text('{"body": 1}\n' * 25 + wrong + "\n")
    with pytest.raises(InvalidEntryError, match=f"{file}:26: "):
        await publish_file(publisher, file)
    assert sns.calls == []


async def test_of_lines_as_they_come_those_before_a_wrong_one_are_published(sns: FakeSns, publisher: Publisher) -> None:
    """The error says how many were published, so that the rest can follow and nothing goes twice."""
    lines = ['{"body": 1}', "", '{"body": 2}', '{"body": ""}', '{"body": 4}']
    with pytest.raises(InvalidEntryError, match=r"stdin:4: the body is empty.*; the 2 before it were published"):
        await publish_lines(publisher, lines)
    assert sent(sns) == ["1", "2"]


async def test_a_pipe_is_published_as_it_comes(sns: FakeSns, publisher: Publisher) -> None:
    """`sluice publish <(make-messages)`: what can be read only once is not lost to the check."""
    reader, writer = os.pipe()
    os.write(writer, b'{"body": 1}\n{"body": 2}\n')
    os.close(writer)
    assert await publish_file(publisher, Path(f"/dev/fd/{reader}")) == 2
    os.close(reader)
    assert sent(sns) == ["1", "2"]


async def test_lines_may_come_slowly(sns: FakeSns, publisher: Publisher) -> None:
    """A line is published while the source waits for the next."""
    confirmed = asyncio.Event()

    async def lines() -> AsyncIterator[str]:
        yield '{"body": 1}'
        await confirmed.wait()
        yield '{"body": 2}'

    assert await publish_lines(publisher, lines(), on_progress=lambda _count: confirmed.set()) == 2


async def test_a_file_that_cannot_be_read_is_named(publisher: Publisher, tmp_path: Path) -> None:
    """Not there, or not UTF-8."""
    with pytest.raises(ConfigurationError, match="No such file"):
        await publish_file(publisher, tmp_path / "none")
    (tmp_path / "latin").write_bytes(b'{"body": "\xe9"}\n')
    with pytest.raises(ConfigurationError, match="latin is not UTF-8"):
        await publish_file(publisher, tmp_path / "latin")
