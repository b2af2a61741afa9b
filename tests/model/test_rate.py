"""Rates are read as people write them, and written so that they can be read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.rate import Rate, Window, parse_rate

COUNTS = st.decimals(min_value="0.001", max_value="100000", places=3, allow_nan=False)
UNITS = st.sampled_from(["s", "sec", "second", "m", "min", "minute", "h", "hour", "d", "day"])
TEXTS = st.builds("{}/{}".format, COUNTS, UNITS)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("80/s", Window(80, 1.0)),
        ("150/min", Window(150, 60.0)),
        ("5000/h", Window(5000, 3600.0)),
        ("100000/d", Window(100000, 86400.0)),
        (" 80 / s ", Window(80, 1.0)),
        ("0.5/s", Window(1, 2.0)),
        ("1.5/min", Window(3, 120.0)),
        ("2.0/h", Window(2, 3600.0)),
    ],
)
def test_each_form_is_read(text: str, window: Window) -> None:
    """A whole count keeps its unit as window; a fraction becomes whole requests in a longer one."""
    assert parse_rate(text) == Rate((window,))


@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_windows_stand_shortest_first(texts: list[str]) -> None:
    """However they were written; the throttle paces by the first."""
    spans = [window.seconds for window in parse_rate(texts).windows]
    assert spans == sorted(spans)


@given(text=TEXTS)
def test_a_rate_that_is_shown_can_be_read_again(text: str) -> None:
    """What an error or a table shows can be pasted into the topology and means the same."""
    rate = parse_rate(text)
    assert parse_rate(str(rate)) == rate


@pytest.mark.parametrize("text", ["80/s", "0.5/s", "1.5/min", "150/min", "5000/h", "24/d", "0.25/d"])
def test_a_rate_is_shown_as_it_was_written(text: str) -> None:
    """No other unit, no other count."""
    assert str(parse_rate(text)) == text


def test_several_windows_are_shown_in_one_line() -> None:
    """Comma-separated."""
    assert str(parse_rate(["150/min", "10/s"])) == "10/s, 150/min"


@pytest.mark.parametrize(("window", "text"), [(Window(1, 0.5), "1/0.5s"), (Window(4, 2.0), "4/2s")])
def test_a_window_that_no_text_makes_is_shown_too(window: Window, text: str) -> None:
    """Its seconds are told."""
    assert str(window) == text


def test_the_mean_rate_is_that_of_the_tightest_window() -> None:
    """All windows must hold."""
    assert parse_rate(["10/s", "150/min"]).per_second == 2.5


@pytest.mark.parametrize("value", ["80", "80/", "/s", "80/w", "80 per s", "-1/s", "1e3/s", "", 80, None, ["10/s", 5]])
def test_what_is_no_rate_is_refused_with_the_forms(value: object) -> None:
    """The text names the wrong part and how to write it."""
    with pytest.raises(ValueError, match=r'is not a rate; write "80/s"'):
        parse_rate(value)


def test_no_window_at_all_is_refused() -> None:
    """An empty list is no limit, and no limit is said by leaving the key out."""
    with pytest.raises(ValueError, match="at least one window"):
        parse_rate([])


@pytest.mark.parametrize("text", ["0/s", "0.0/min"])
def test_a_rate_of_nothing_is_refused(text: str) -> None:
    """To stop a vendor is another thing."""
    with pytest.raises(ValueError, match="lets nothing through"):
        parse_rate(text)


@pytest.mark.parametrize("text", ["99999999999999999999/s", "80.1234567891/s"])
def test_a_window_of_more_than_can_be_counted_is_refused(text: str) -> None:
    """Each request of a window is remembered; the error comes at the topology and not in the running pipeline."""
    with pytest.raises(ValueError, match="more than can be counted"):
        parse_rate(text)
