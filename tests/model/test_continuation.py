"""What a message inherits survives its way through SQS."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.continuation import Continuation, load_continuation, without_failures

DUES = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    st.builds(
        Continuation,
        cursor=st.none() | st.text(),
        failures=st.integers(0, 300),
        due=st.none() | DUES,
        first_sent=st.none() | DUES,
        suspect=st.integers(0, 9),
    )
)
def test_what_is_dumped_is_loaded(continuation: Continuation) -> None:
    """Cursor, failures, times to the microsecond, and whether it is a suspect."""
    assert load_continuation(continuation.dump()) == continuation


def test_a_whole_second_is_a_due_time_too() -> None:
    """JSON of another writer may have no fraction."""
    loaded = load_continuation('{"cursor": null, "failures": 0, "due": 1767225600}')
    assert loaded.due == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "not json",
        '{"cursor": 1, "failures": 0, "due": null}',
        '{"cursor": null, "failures": "0", "due": null}',
        '{"cursor": null, "failures": 0, "due": "soon"}',
        '{"cursor": null, "failures": 0}',
        '{"cursor": null, "failures": 0, "due": NaN}',
        '{"cursor": null, "failures": 0, "due": Infinity}',
        '{"cursor": null, "failures": 0, "due": 1e300}',
        '{"cursor": null, "failures": 0, "due": -1e18}',
        '{"cursor": null, "failures": 0, "due": null, "first_sent": "long ago"}',
    ],
)
def test_what_was_never_dumped_is_a_value_error(text: str) -> None:
    """And nothing else: anybody can write the attribute, and the decoder buries what raises ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - whichever text, it is not shown
        load_continuation(text)


@given(value=st.recursive(st.none() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=4))
def test_no_due_time_breaks_it(value: object) -> None:
    """Any JSON value there is read or is a ValueError."""
    for name in ("due", "first_sent", "suspect"):
        text = json.dumps({"cursor": None, "failures": 0, "due": None} | {name: value})
        with suppress(ValueError):
            assert isinstance(load_continuation(text), Continuation)


def test_a_version_before_said_less() -> None:
    """What it left in the queues is read."""
    assert load_continuation('{"cursor": "c", "failures": 1, "due": null}') == Continuation("c", 1)


def test_failures_can_be_forgotten() -> None:
    """The cursor and the due time stay; what is not ours stays as it is."""
    text = Continuation("c", 3, datetime(2026, 1, 1, tzinfo=UTC)).dump()
    assert load_continuation(without_failures(text)) == Continuation("c", 0, datetime(2026, 1, 1, tzinfo=UTC))
    assert without_failures("not ours") == "not ours"
