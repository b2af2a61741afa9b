"""A message in work: what is known of it at each moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes.clock import EPOCH
from worker.model.continuation import Continuation
from worker.model.message import Job, JobKey, Message, MessageId, ReceiptHandle, text_attribute
from worker.model.outcome import WHOLE, Blocked, Continue, Delivered, Outcome, Scope, Throttled
from worker.pipeline.held import Held
from worker.pipeline.leases import Lease
from worker.pipeline.settler import Account
from worker.pipeline.way import ANY, Way

MESSAGE = Message(MessageId("m-1"), ReceiptHandle("r"), "{}", {}, 3, EPOCH, 1000.0)
TARGET = {"target": text_attribute("FOO")}
CONTINUATION = Continuation("c0", failures=4)


def received() -> Held:
    return Held(MESSAGE, Lease(MESSAGE, 1060.0, None), JobKey("m-1"), since=1000.0)


def decoded() -> Held:
    held = received()
    job = Job(JobKey("k"), "payload", cursor="c0", scope="+420", attributes=TARGET)
    held.decoded(job, CONTINUATION)
    return held


def test_a_decoded_message_has_its_jobs_key_scope_and_cursor() -> None:
    """What is said of it at its end is what was in it."""
    held = decoded()
    assert held.account == Account(JobKey("k"), "c0", 4, TARGET, CONTINUATION)
    assert held.keys == {"+420"}


def test_a_message_that_is_not_decoded_goes_by_its_own_key() -> None:
    """Its account can be given all the same: it is buried for what could not be read."""
    assert received().account == Account(JobKey("m-1"), None, 0)


def test_a_job_without_a_scope_passes_the_whole_gate_only() -> None:
    """No key of its own."""
    held = decoded()
    held.decoded(replace(held.job, scope=None), Continuation())
    assert held.keys == frozenset()


@pytest.mark.parametrize("kind", [lambda scope: Throttled(None, scope), lambda scope: Blocked("billing", scope)])
def test_what_the_vendor_closed_for_it_must_be_passed_from_then_on(kind: type[Throttled]) -> None:
    """A scope that the adapter found only in the reply."""
    held = decoded()
    held.learn(kind(Scope("waba-7")), 0.1)
    assert held.keys == {"+420", "waba-7"}


@pytest.mark.parametrize("outcome", [Throttled(None, WHOLE), Delivered(), Continue("c1")])
def test_what_concerns_all_adds_no_key(outcome: Outcome) -> None:
    """The whole gate is passed by every message anyway."""
    held = decoded()
    held.learn(outcome, 0.1)
    assert held.keys == {"+420"}


def test_a_round_moves_the_job_on() -> None:
    """The next request starts at the new cursor, and so does what comes back."""
    held = decoded()
    held.advance("c1")
    assert (held.job.cursor, held.account.cursor, held.moved) == ("c1", "c1", True)


def test_a_message_s_way_is_what_it_must_pass() -> None:
    """Its scope, which is also what a rate for each key counts, its secret, and the limit that it falls under."""
    held = decoded()
    held.decoded(replace(held.job, limit="shop/a", secret="token/a"), Continuation())
    assert held.way == Way(frozenset({"+420", "secret token/a"}), frozenset({"+420"}), "shop/a", again=True)
    held.message = replace(MESSAGE, receive_count=1)
    held.decoded(replace(held.job, scope=None, secret=None), Continuation())
    assert held.way == Way(limit="shop/a")


@pytest.mark.parametrize(
    ("receives", "continuation", "again"),
    [(1, Continuation(), False), (2, Continuation(), True), (1, Continuation(first_sent=EPOCH), True)],
)
def test_what_was_put_off_is_known_by_that(receives: int, continuation: Continuation, again: bool) -> None:
    """It has been received before, or takes the place of a message that was: a long job, or a fresh copy."""
    held = decoded()
    held.message = replace(MESSAGE, receive_count=receives)
    held.decoded(held.job, continuation)
    assert held.way.again is again


def test_before_it_is_decoded_its_way_is_that_of_all() -> None:
    """What everybody must pass."""
    assert received().way is ANY


@pytest.mark.parametrize("outcome", [Throttled(), Blocked("revoked", Scope("k")), Delivered()])
def test_only_a_block_of_all_is_narrowed(outcome: Outcome) -> None:
    """What the vendor says of a key, or of its limit, stays as it is."""
    held = decoded()
    held.decoded(replace(held.job, secret="token/a"), Continuation())
    assert held.narrowed(outcome) is outcome
    assert held.narrowed(Blocked("HTTP 401")) == Blocked("HTTP 401", Scope("secret token/a"))


def test_without_a_secret_of_its_own_a_block_concerns_all() -> None:
    """All messages are sent with the same."""
    assert decoded().narrowed(Blocked("HTTP 401")) == Blocked("HTTP 401")
