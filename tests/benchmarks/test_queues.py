"""The messages of a benchmark are what they say."""

from __future__ import annotations

import json

import pytest

from benchmarks.queues import body


@pytest.mark.parametrize("number", [0, 99_999])
def test_a_body_is_json_of_just_its_size(number: int) -> None:
    """A body is a JSON object of just so many bytes, whatever its number."""
    text = body(number, 500)
    assert len(text.encode()) == 500
    assert json.loads(text)["number"] == number
