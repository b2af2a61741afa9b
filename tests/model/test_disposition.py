"""What SQS is told of a message follows from what the vendor said."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.backoff import Backoff
from worker.model.disposition import (
    MAX_VISIBILITY,
    Bury,
    Decision,
    Delete,
    Failures,
    Policy,
    Postpone,
    Replace,
    Rows,
    dispose,
    is_failure,
)
from worker.model.message import NOTHING, Publication
from worker.model.outcome import (
    Ambiguous,
    Blocked,
    Continue,
    Delivered,
    Outcome,
    Partial,
    Rejected,
    RetryAfter,
    Scope,
    Throttled,
)

POLICY = Policy(max_attempts=3, give_up_after=timedelta(hours=1), backoff=Backoff(chance=lambda: 1.0))
BURYING = Policy(max_attempts=3, bury_ambiguous=True)
ONCE, LAST, LONG = Failures(1), Failures(3), Failures(1, timedelta(hours=1))
FOLLOWING = (Publication("next"),)
SECONDS = timedelta(seconds=1)


@pytest.mark.parametrize("policy", [POLICY, BURYING])
@pytest.mark.parametrize("failures", [Failures(), ONCE, LAST, LONG])
@pytest.mark.parametrize(
    ("outcome", "decision"),
    [
        (Delivered(), Decision(Delete())),
        (Delivered(FOLLOWING), Decision(Delete(), FOLLOWING)),
        (Continue("page-2"), Decision(Replace("page-2"))),
        (Continue("page-2", 5 * SECONDS, FOLLOWING), Decision(Replace("page-2", 5 * SECONDS), FOLLOWING)),
        (Continue("page-2", -5 * SECONDS), Decision(Replace("page-2"))),
        (Throttled(), Decision(Postpone(7 * SECONDS))),
        (Throttled(90 * SECONDS, Scope("key")), Decision(Postpone(7 * SECONDS))),
        (Blocked("401"), Decision(Postpone(7 * SECONDS))),
        (Rejected("no such number", "131026"), Decision(Bury("no such number", "131026"))),
        (Partial(None, None), Decision(Delete())),
        (Partial(None, "[1]", "bad", "E1"), Decision(Delete(), buried=(Rows("[1]", Bury("bad", "E1")),))),
    ],
)
def test_what_is_no_failed_attempt_is_decided_whatever_failed_before(
    outcome: Outcome, decision: Decision, failures: Failures, policy: Policy
) -> None:
    """Above all: a throttle or a block buries nothing, it comes back when the gate reopens."""
    assert dispose(outcome, failures, policy, 7 * SECONDS) == decision


@pytest.mark.parametrize("outcome", [RetryAfter(None, "HTTP 500"), Ambiguous("timeout")])
def test_a_failure_waits_by_backoff(outcome: Outcome) -> None:
    """Doubling with the failures so far."""
    assert dispose(outcome, Failures(2), POLICY) == Decision(Postpone(4 * SECONDS))


def test_a_failure_waits_as_the_vendor_said() -> None:
    """Where it said so, backoff has no word; no wait is a word too."""
    assert dispose(RetryAfter(90 * SECONDS, "HTTP 503"), ONCE, POLICY) == Decision(Postpone(90 * SECONDS))
    assert dispose(RetryAfter(NOTHING, "HTTP 503"), ONCE, POLICY) == Decision(Postpone(NOTHING))


@pytest.mark.parametrize("outcome", [RetryAfter(None, "HTTP 500"), RetryAfter(SECONDS, "HTTP 500")])
def test_the_last_attempt_s_failure_buries(outcome: Outcome) -> None:
    """With what the vendor said last."""
    burial = Bury("gave up after 3 attempts", "max_attempts", "HTTP 500")
    assert dispose(outcome, LAST, POLICY) == Decision(burial)


def test_failing_for_too_long_buries() -> None:
    """Though attempts are left."""
    burial = Bury("gave up after 1:00:00", "give_up_after", "HTTP 500")
    assert dispose(RetryAfter(None, "HTTP 500"), LONG, POLICY) == Decision(burial)


def test_no_answer_buries_where_a_repeat_could_duplicate() -> None:
    """At the first time, by `on_ambiguous = "bury"`."""
    burial = Bury("no answer, and a repeat could duplicate it", "ambiguous", "timeout")
    assert dispose(Ambiguous("timeout"), ONCE, BURYING) == Decision(burial)


def test_rows_to_retry_go_on_as_a_replacement() -> None:
    """The rejected ones are buried before, each part with its own body."""
    outcome = Partial("[1]", "[2]", "bad", "E1")
    assert dispose(outcome, ONCE, POLICY) == Decision(
        Replace(None, 2 * SECONDS, "[1]"), buried=(Rows("[2]", Bury("bad", "E1")),)
    )


@pytest.mark.parametrize(
    ("failures", "code"), [(LAST, "max_attempts"), (LONG, "give_up_after")], ids=["attempts", "time"]
)
def test_rows_that_failed_too_often_are_buried_by_themselves(failures: Failures, code: str) -> None:
    """The message has then ended."""
    decision = dispose(Partial("[1]", None, "busy"), failures, POLICY)
    assert decision.disposition == Delete()
    ((row, burial),) = [(rows.body, rows.burial) for rows in decision.buried]
    assert (row, burial.code, burial.last_error) == ("[1]", code, "busy")


@pytest.mark.parametrize(
    ("outcome", "failed"),
    [
        (RetryAfter(None, ""), True),
        (Ambiguous(""), True),
        (Partial("[1]", None), True),
        (Partial(None, "[1]"), False),
        (Delivered(), False),
        (Throttled(), False),
        (Blocked(""), False),
        (Rejected(""), False),
        (Continue("c"), False),
    ],
)
def test_only_what_the_vendor_failed_at_is_a_failed_attempt(outcome: Outcome, failed: bool) -> None:
    """Throttles, blocks and rounds cost none."""
    assert is_failure(outcome) is failed


def test_what_is_no_outcome_is_an_error() -> None:
    """A new kind of outcome that nobody decides about must not end a message."""
    with pytest.raises(AssertionError):
        dispose(cast("Outcome", "delivered"), ONCE, POLICY)


DELAYS = st.timedeltas(timedelta(days=-400), timedelta(days=400))
OUTCOMES = st.sampled_from([Throttled(), Blocked("")]) | st.builds(RetryAfter, DELAYS, st.just("busy"))


@given(outcome=OUTCOMES, closed_for=DELAYS)
def test_no_delay_is_beyond_what_a_visibility_timeout_can_be(outcome: Outcome, closed_for: timedelta) -> None:
    """0 … 12 h, whatever the vendor asks for."""
    disposition = dispose(outcome, ONCE, POLICY, closed_for).disposition
    assert isinstance(disposition, Postpone)
    assert NOTHING <= disposition.delay <= MAX_VISIBILITY
