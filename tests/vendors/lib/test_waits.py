"""All forms of "when" are understood, and none asks for more than 12 hours."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from worker.vendors.lib.reply import Reply
from worker.vendors.lib.waits import minutes, reset_after, retry_after, seconds, wait_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SKEWED = datetime(2026, 11, 20, 11, 50, tzinfo=UTC)  # a vendor's clock


def reply(**headers: str) -> Reply:
    """Names have `_` for `-`."""
    return Reply(429, CIMultiDict({name.replace("_", "-"): text for name, text in headers.items()}), received_at=NOW)


def asked(value: str, **others: str) -> timedelta | None:
    return retry_after(reply(retry_after=value, **others))


@given(st.integers(0, 12 * 3600))
def test_retry_after_counts_seconds(seconds: int) -> None:
    """A number is seconds, not milliseconds or minutes."""
    assert asked(str(seconds)) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["43201", "67608000", "9" * 5000])
def test_retry_after_is_capped(value: str) -> None:
    """No header asks for more than 12 hours, the most that a visibility timeout holds."""
    assert asked(value) == timedelta(hours=12)


@given(st.integers(-1_000_000_000, 1_000_000_000), st.integers(-100_000, 100_000))
def test_retry_after_date_is_relative_to_the_vendors_clock(wrong_by: int, seconds: int) -> None:
    """A date is taken relative to the reply's Date, however wrong that is; the past is 0."""
    date = NOW + timedelta(seconds=wrong_by)
    until = format_datetime(date + timedelta(seconds=seconds), usegmt=True)
    expected = timedelta(seconds=max(0, min(seconds, 12 * 3600)))
    assert asked(until, Date=format_datetime(date, usegmt=True)) == expected


@pytest.mark.parametrize("others", [{}, {"Date": "yesterday"}])
def test_retry_after_date_without_date_is_relative_to_our_clock(others: dict[str, str]) -> None:
    """Where the reply has no Date, or none that makes sense, our clock is taken."""
    assert asked("Fri, 20 Nov 2026 12:01:30 GMT", **others) == timedelta(seconds=90)
    assert asked("Friday, 20-Nov-26 12:01:30 GMT", **others) == timedelta(seconds=90)
    assert asked("Fri Nov 20 12:01:30 2026", **others) == timedelta(seconds=90)


@pytest.mark.parametrize("value", ["", "-5", "soon", "1e3", "inf", "nan", "٣", "0x10", "Fri, 99 Nov 2026 12:01:30 GMT"])
def test_retry_after_that_makes_no_sense_is_absent(value: str) -> None:
    """Garbage and negative numbers say nothing."""
    assert asked(value) is None


@given(st.text(), st.text())
def test_headers_never_raise(value: str, date: str) -> None:
    """Whatever a vendor writes there, a wait is between 0 and 12 hours, or absent."""
    wait = asked(value, Date=date)
    assert wait is None or timedelta(0) <= wait <= timedelta(hours=12)


@pytest.mark.parametrize("header", ["X-RateLimit-Reset", "x-rate-limit-reset", "RateLimit-Reset"])
@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("30", 30.0),
        ("0.5", 0.5),
        ("1795176090", 90.0),
        ("1795176090.250", 90.25),
        ("1795176090250", 90.25),
        ("1795176000", 0.0),
        ("1000000000", 0.0),
        ("999999999", 43_200.0),
        ("1795262400", 43_200.0),
        ("99999999999999", 43_200.0),
        ("Fri, 20 Nov 2026 12:01:30 GMT", 90.0),
        ("2026-11-20T12:01:30Z", 90.0),
        ("2026-11-20T13:01:30.5+01:00", 90.5),
    ],
)
def test_the_unit_of_a_reset_is_told_by_its_size(header: str, value: str, wait: float) -> None:
    """Seconds from now, seconds or milliseconds since 1970, or a date."""
    assert reset_after(reply(**{header: value})) == timedelta(seconds=wait)


@pytest.mark.parametrize(
    "value", ["1795175490", "1795175490000", "Fri, 20 Nov 2026 11:51:30 GMT", "2026-11-20T11:51:30Z"]
)
def test_a_reset_is_relative_to_the_vendors_clock(value: str) -> None:
    """It is ten minutes slow, and so is what it calls the end of the window."""
    skewed = reply(x_ratelimit_reset=value, date=format_datetime(SKEWED, usegmt=True))
    assert reset_after(skewed) == timedelta(seconds=90)


@pytest.mark.parametrize("value", ["", "-5", "nan", "inf", "soon", "5, 60", "1795176090250000", "1" * 400, "0x10", "٣"])
def test_a_reset_that_makes_no_sense_is_absent(value: str) -> None:
    """Garbage, and what is no time in any unit that vendors use."""
    assert reset_after(reply(x_ratelimit_reset=value)) is None


def test_a_window_that_is_not_used_up_is_not_what_is_waited_for() -> None:
    """Something else throttled; where another window is named, that one counts."""
    some_left = {"x_ratelimit_reset": "3600", "x_ratelimit_remaining": "12"}
    assert reset_after(reply(**some_left)) is None
    assert reset_after(reply(**some_left, ratelimit_reset="5", ratelimit_remaining="0")) == timedelta(seconds=5)
    for unclear in ("0", "-1", "", "none"):
        assert reset_after(reply(**some_left | {"x_ratelimit_remaining": unclear})) == timedelta(hours=1)


@pytest.mark.parametrize("name", ["X-Acme-Reset-After", "x-acme-reset-after"])
def test_a_vendor_may_have_names_of_its_own(name: str) -> None:
    """And then no others count."""
    assert reset_after(reply(X_Acme_Reset_After="8", x_ratelimit_reset="9"), name) == timedelta(seconds=8)
    assert reset_after(reply(X_Acme_Reset_After="8", x_acme_remaining="2"), name) is None
    assert reset_after(reply(x_ratelimit_reset="9"), name) is None
    assert reset_after(reply(x_acme_until="6"), "X-Acme-Until") == timedelta(seconds=6)


def test_retry_after_goes_before_a_reset() -> None:
    """But where it says nothing, or 0, the reset does."""
    assert wait_of(reply(retry_after="2", x_ratelimit_reset="60")) == timedelta(seconds=2)
    assert wait_of(reply(retry_after="0", x_ratelimit_reset="60")) == timedelta(seconds=60)
    assert wait_of(reply(retry_after="soon", x_ratelimit_reset="60")) == timedelta(seconds=60)
    assert wait_of(reply()) is None


@given(st.text(), st.text(), st.text())
def test_a_reset_never_raises(value: str, remaining: str, date: str) -> None:
    """Whatever a vendor writes there, a wait is between 0 and 12 hours, or absent."""
    wait = reset_after(reply(x_ratelimit_reset=value, x_ratelimit_remaining=remaining, date=date))
    assert wait is None or timedelta(0) <= wait <= timedelta(hours=12)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (0, 0.0),
        (1.5, 90.0),
        (19, 1_140.0),
        pytest.param(10**400, 43_200.0, id="huge"),
        (math.inf, 43_200.0),
        (math.nan, None),
        (-1, None),
        (True, None),
        ("5", None),
        (None, None),
    ],
)
def test_minutes_are_sixty_seconds(value: object, wait: float | None) -> None:
    """And what is no number is none, of seconds either."""
    assert minutes(value) == (None if wait is None else timedelta(seconds=wait))
    assert (seconds(value) is None) == (wait is None)


@given(st.floats() | st.integers())
def test_a_number_is_bounded(value: float) -> None:
    """Of seconds as of minutes."""
    for wait in (seconds(value), minutes(value)):
        assert wait is None or timedelta(0) <= wait <= timedelta(hours=12)
