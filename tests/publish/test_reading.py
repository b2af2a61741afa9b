"""Lines of a blocking stream."""

from __future__ import annotations

import asyncio
import io
import os

import pytest

from worker.model.errors import ConfigurationError
from worker.publish.reading import lines_of


async def test_lines_come_in_order() -> None:
    """More of them than are read ahead, the last without its end."""
    text = "".join(f"{n}\n" for n in range(500)) + "last"
    assert [line async for line in lines_of(io.StringIO(text))] == text.splitlines(keepends=True)


async def test_the_loop_turns_while_a_stream_is_silent() -> None:
    """A pipe whose writer waits for us does not block the event loop."""
    reader, writer = os.pipe()
    with os.fdopen(reader, encoding="utf-8") as stream:
        lines = lines_of(stream)
        first = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        os.write(writer, b"one\n")
        assert await first == "one\n"
        os.close(writer)
        assert [line async for line in lines] == []


async def test_what_is_not_text_is_named() -> None:
    """The error says which stream."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        [line async for line in lines_of(io.TextIOWrapper(io.BytesIO(b"\xff\n"), encoding="utf-8"))]
