"""What a dead letter says fits into its attribute."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from worker.model.burial import epitaph
from worker.model.disposition import Bury

SEEN = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
LONG = st.builds(lambda text, times: text * times, st.text(max_size=40), st.sampled_from([1, 10, 1_000]))


def read(bury: Bury) -> dict[str, object]:
    text = epitaph(bury, vendor="foo-primary", attempts=8, first_seen=SEEN)
    assert len(text.encode()) <= 1024
    return json.loads(text)


def test_it_says_all_that_an_operator_asks() -> None:
    """Reason, code, vendor, attempts, first seen, last error."""
    assert read(Bury("gave up after 8 attempts", "max_attempts", "HTTP 503")) == {
        "reason": "gave up after 8 attempts",
        "code": "max_attempts",
        "vendor": "foo-primary",
        "attempts": 8,
        "first_seen": "2026-01-02T03:04:05.678+00:00",
        "last_error": "HTTP 503",
    }


def test_the_reason_is_the_last_error_where_there_is_no_other() -> None:
    """A rejection's reason is what the vendor said."""
    assert read(Bury("no such recipient"))["last_error"] == "no such recipient"


@given(reason=LONG, error=st.none() | LONG, code=st.none() | LONG)
def test_it_never_exceeds_a_kibibyte(reason: str, error: str | None, code: str | None) -> None:
    """Whatever the vendor's texts hold; `read` looks at the size."""
    said = read(Bury(reason, code, error))
    assert (said["attempts"], said["vendor"]) == (8, "foo-primary")


def test_the_longest_text_is_cut_at_its_end() -> None:
    """The others stay whole, and what is left of it is its beginning."""
    said = read(Bury("a short reason", "E1", "abc" * 1_000))
    assert (said["reason"], said["code"]) == ("a short reason", "E1")
    error = str(said["last_error"])
    assert error.endswith("…")
    assert ("abc" * 1_000).startswith(error[:-1])
    assert len(error) > 600
