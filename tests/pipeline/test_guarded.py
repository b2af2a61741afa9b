"""Whatever an adapter raises, the core sees an outcome, and nobody sees the text."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.fakes.loop import virtual_time
from tests.fakes.telemetry import RecordedTelemetry
from tests.fakes.vendor import ScriptedVendor
from worker.model.errors import BadMessageError, NotAnsweredError, NotSentError, RefusedError
from worker.model.events import AdapterFailed
from worker.model.message import Job, JobKey
from worker.model.outcome import Ambiguous, Blocked, Delivered, Outcome, RetryAfter
from worker.pipeline.guarded import AdapterError, GuardedVendor, place_of
from worker.ports import Traits

JOBS = [Job(JobKey("1"), {}), Job(JobKey("2"), {})]
SECRET = "token-of-a-customer"


class Broken:
    """An adapter that raises in the step that it is told."""

    def __init__(self, step: str, error: BaseException | None = None, *, idempotent: bool = False) -> None:
        self.traits = Traits(idempotent=idempotent)
        self._step, self._error = step, error

    def prepare(self, jobs: Sequence[Job[Any]]) -> str:
        return self._do("prepare", "request")

    async def send(self, request: str) -> str:
        return self._do("send", "reply")

    def classify(self, reply: str, jobs: Sequence[Job[Any]]) -> Sequence[Outcome]:
        return self._do("classify", [Delivered()] * (1 if self._step == "too few" else len(jobs)))

    def _do(self, step: str, result: Any) -> Any:
        if step == self._step and self._error is not None:
            raise self._error
        return result


def guarded(vendor: Broken) -> tuple[GuardedVendor, RecordedTelemetry]:
    events = RecordedTelemetry()
    return GuardedVendor("foo", vendor, events), events


async def test_a_vendor_that_works_is_not_in_its_way() -> None:
    """Its request, its outcomes and its traits."""
    broken = Broken("none")
    vendor, events = guarded(broken)
    assert vendor.traits is broken.traits
    assert await vendor.exchange(vendor.prepare(JOBS), JOBS) == [Delivered(), Delivered()]
    assert not events.events


def test_a_bad_message_is_the_message_s_fault() -> None:
    """It passes through: the message is buried, and the adapter has not failed."""
    vendor, events = guarded(Broken("prepare", BadMessageError("payload.to: missing", code="payload")))
    with pytest.raises(BadMessageError):
        vendor.prepare(JOBS)
    assert not events.events


def test_another_error_of_prepare_is_the_adapter_s_fault() -> None:
    """Nothing was sent; the error's class is told and its text is not."""
    vendor, events = guarded(Broken("prepare", KeyError(SECRET)))
    with pytest.raises(AdapterError, match=r"^KeyError$"):
        vendor.prepare(JOBS)
    ((step, error),) = [(event.step, event.error) for event in events.of(AdapterFailed)]
    assert step == "prepare"
    assert error.startswith("KeyError at test_guarded.py:")


def test_a_scope_that_cannot_be_told_is_none() -> None:
    """The message goes without a key's own limit, and the adapter's failure is told."""
    broken = Broken("none")
    broken.traits = Traits(scope=lambda payload: payload["to"])
    vendor, events = guarded(broken)
    assert vendor.scope({"to": "a"}) == "a"
    assert vendor.scope({}) is None
    assert vendor.scope({"to": ["a"]}) is None
    assert [event.step for event in events.of(AdapterFailed)] == ["scope", "scope"]


def test_a_request_costs_what_the_adapter_says() -> None:
    """In tokens of the limit, at least one; where it fails to say, nothing is sent and its failure is told."""
    broken = Broken("none")
    broken.traits = Traits(cost=lambda request: request["rows"])
    vendor, events = guarded(broken)
    assert [vendor.cost({"rows": rows}) for rows in (50, 0, -1)] == [50, 1, 1]
    with pytest.raises(AdapterError, match=r"^KeyError$"):
        vendor.cost({SECRET: 1})
    assert [event.step for event in events.of(AdapterFailed)] == ["cost"]


async def test_a_secret_that_is_refused_blocks() -> None:
    """Somebody must act; the message is kept."""
    vendor, _ = guarded(Broken("send", RefusedError("no such secret", code="ResourceNotFoundException")))
    assert await vendor.exchange("request", JOBS) == [Blocked("ResourceNotFoundException")] * 2


@virtual_time
async def test_a_request_has_a_longest_time() -> None:
    """For an adapter that keeps no timeout of its own: then there is no answer."""
    slow = ScriptedVendor(latency=60)
    vendor = GuardedVendor("foo", slow, RecordedTelemetry(), longest=5.0)
    assert await vendor.exchange(JOBS, JOBS) == [Ambiguous("no answer in time")] * 2
    assert slow.sending == 0


@pytest.mark.parametrize("idempotent", [True, False])
async def test_what_was_not_sent_is_sent_again(idempotent: bool) -> None:
    """The vendor cannot have seen it."""
    vendor, events = guarded(Broken("send", NotSentError("connection refused"), idempotent=idempotent))
    assert await vendor.exchange("request", JOBS) == [RetryAfter(None, "connection refused")] * 2
    assert not events.events


async def test_what_was_not_answered_is_ambiguous() -> None:
    """The vendor may have acted."""
    vendor, _ = guarded(Broken("send", NotAnsweredError("timeout")))
    assert await vendor.exchange("request", JOBS) == [Ambiguous("timeout")] * 2


async def test_a_librarys_timeout_is_not_quoted() -> None:
    """Its text may hold the URL, secret and all."""
    vendor, _ = guarded(Broken("send", TimeoutError(SECRET)))
    assert await vendor.exchange("request", JOBS) == [Ambiguous("no answer in time")] * 2


async def test_what_was_not_answered_is_sent_again_where_a_repeat_does_no_harm() -> None:
    """The vendor takes an idempotency key, or the operation is an upsert."""
    vendor, _ = guarded(Broken("send", NotAnsweredError("timeout"), idempotent=True))
    assert await vendor.exchange("request", JOBS) == [RetryAfter(None, "timeout")] * 2


@pytest.mark.parametrize("step", ["send", "classify"])
async def test_an_adapter_that_breaks_in_the_middle_leaves_an_ambiguity(step: str) -> None:
    """For each job; the class of the error is told and its text is not."""
    vendor, events = guarded(Broken(step, ValueError(SECRET)))
    assert await vendor.exchange("request", JOBS) == [Ambiguous(f"ValueError in the adapter's {step}")] * 2
    (failed,) = events.of(AdapterFailed)
    assert failed.step == step
    assert SECRET not in failed.error


async def test_every_job_must_have_its_outcome() -> None:
    """One outcome for two jobs says nothing of either."""
    vendor, events = guarded(Broken("too few"))
    assert await vendor.exchange("request", JOBS) == [Ambiguous("ValueError in the adapter's classify")] * 2
    assert len(events.of(AdapterFailed)) == 1


@pytest.mark.parametrize("outcome", [None, "delivered", 200, Delivered])
async def test_what_is_no_outcome_says_nothing(outcome: object) -> None:
    """An adapter may return anything: the pipeline lives on."""
    broken = Broken("none")
    broken.classify = lambda _reply, jobs: [outcome] * len(jobs)  # type: ignore[method-assign, assignment, list-item, return-value]  # on purpose
    vendor, events = guarded(broken)
    assert await vendor.exchange("request", JOBS) == [Ambiguous("TypeError in the adapter's classify")] * 2
    assert len(events.of(AdapterFailed)) == 1


async def test_a_cancellation_of_ours_is_no_failure_of_the_adapter() -> None:
    """It goes on up."""
    broken, arrived = Broken("none"), asyncio.Event()

    async def send(_request: str) -> str:
        arrived.set()
        return await asyncio.get_running_loop().create_future()

    broken.send = send  # type: ignore[method-assign]  # it hangs
    vendor, events = guarded(broken)
    exchange = asyncio.ensure_future(vendor.exchange("request", JOBS))
    await arrived.wait()
    exchange.cancel()
    with pytest.raises(asyncio.CancelledError):
        await exchange
    assert not events.events


async def test_a_cancellation_of_the_adapter_s_own_is_a_failure() -> None:
    """Else its message would be taken for one that a stop hands back, and come again at once, for ever."""
    vendor, events = guarded(Broken("send", asyncio.CancelledError()))
    assert await vendor.exchange("request", JOBS) == [Ambiguous("CancelledError in the adapter's send")] * 2
    assert len(events.of(AdapterFailed)) == 1


def test_an_error_that_was_never_raised_has_no_place() -> None:
    """Its class alone."""
    assert place_of(ValueError("text")) == "ValueError"
