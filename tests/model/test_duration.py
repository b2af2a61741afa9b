"""Durations are read as people write them, and written so that they can be read again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("20ms", timedelta(milliseconds=20)),
        ("60s", timedelta(seconds=60)),
        ("1.5s", timedelta(seconds=1.5)),
        ("5min", timedelta(minutes=5)),
        (" 6 h ", timedelta(hours=6)),
        ("14d", timedelta(days=14)),
        ("0s", timedelta(0)),
    ],
)
def test_each_form_is_read(text: str, duration: timedelta) -> None:
    """Milliseconds to days, fractions too."""
    assert parse_duration(text) == duration


def test_a_timedelta_is_taken_as_it_is() -> None:
    """So that defaults need no text."""
    assert parse_duration(timedelta(seconds=7)) == timedelta(seconds=7)


@pytest.mark.parametrize("value", ["", "5", "5 minutes", "-5s", "s", "1e3s", "5m", 5, None, 1.5])
def test_what_is_no_duration_is_refused_with_the_forms(value: object) -> None:
    """A bare number has no unit, and `m` could be minutes or milli."""
    with pytest.raises(ValueError, match='is not a duration; write "20ms"'):
        parse_duration(value)


@given(duration=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)))
def test_a_duration_that_is_shown_can_be_read_again(duration: timedelta) -> None:
    """To the microsecond."""
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize("text", ["0ms", "20ms", "1500ms", "61s", "5min", "25h", "14d", "0.001ms"])
def test_a_duration_is_shown_in_its_largest_whole_unit(text: str) -> None:
    """60 s are 1min, 61 s are not."""
    assert format_duration(parse_duration(text)) == text
