"""An adapter's code, fenced: whatever it raises becomes an outcome, and its text goes nowhere."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Sequence
from typing import Any

from worker.model.errors import BadMessageError, NotAnsweredError, NotSentError, RefusedError, SluiceError
from worker.model.events import AdapterFailed
from worker.model.message import Job
from worker.model.outcome import Ambiguous, Blocked, Outcome, RetryAfter
from worker.ports import Telemetry, Vendor


class AdapterError(SluiceError):
    """An adapter failed before anything was sent."""


class GuardedVendor:
    """A vendor that never raises what the core does not know. Here stands the `except Exception` around adapters."""

    def __init__(
        self, name: str, vendor: Vendor[Any, Any, Any], telemetry: Telemetry, *, longest: float | None = None
    ) -> None:
        self._name = name
        self._longest = longest  # seconds of one request, for an adapter that keeps no timeout of its own
        self._vendor = vendor
        self._telemetry = telemetry
        self.traits = vendor.traits

    def scope(self, payload: Any) -> str | None:
        """What a job's own limit is about; None where the adapter does not say."""
        try:
            scope = self.traits.scope(payload)
            if scope is not None and not isinstance(scope, str):
                raise TypeError(f"a scope of type {type(scope).__name__}")  # noqa: TRY301 - one fence for all
        except Exception as error:  # noqa: BLE001 - the fence around an adapter
            self._failed("scope", error)
            return None
        return scope

    def prepare(self, jobs: Sequence[Job[Any]]) -> Any:
        """Make the request; raises BadMessageError or AdapterError."""
        try:
            return self._vendor.prepare(jobs)
        except BadMessageError:
            raise
        except Exception as error:
            self._failed("prepare", error)
            raise AdapterError(type(error).__name__) from error

    def cost(self, request: Any) -> int:
        """Tokens of the limit that a request takes; raises AdapterError."""
        try:
            return max(1, self.traits.cost(request))
        except Exception as error:
            self._failed("cost", error)
            raise AdapterError(type(error).__name__) from error

    async def exchange(self, request: Any, jobs: Sequence[Job[Any]]) -> Sequence[Outcome]:
        """Send the request and classify the reply: one outcome for each job."""
        step = "send"
        try:
            reply = await (self._vendor.send(request) if self._longest is None else self._send_in_time(request))
            step = "classify"
            outcomes = _checked(self._vendor.classify(reply, jobs), len(jobs))
        except RefusedError as error:  # its secret cannot be had: somebody must act
            return [Blocked(error.code)] * len(jobs)
        except NotSentError as error:
            return [RetryAfter(None, str(error))] * len(jobs)
        except (NotAnsweredError, TimeoutError) as error:
            reason = str(error) if isinstance(error, NotAnsweredError) else "no answer in time"  # others' may quote
            return [RetryAfter(None, reason) if self.traits.idempotent else Ambiguous(reason)] * len(jobs)
        except (Exception, asyncio.CancelledError) as error:
            if _is_cancelled():
                raise
            self._failed(step, error)
            return [Ambiguous(f"{type(error).__name__} in the adapter's {step}")] * len(jobs)
        return outcomes

    async def _send_in_time(self, request: Any) -> Any:
        async with asyncio.timeout(self._longest):
            return await self._vendor.send(request)

    def _failed(self, step: str, error: BaseException) -> None:
        self._telemetry.emit(AdapterFailed(self._name, step, place_of(error)))


def _is_cancelled() -> bool:
    """Whether we are; else it is the adapter that lets a cancellation of its own out."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _checked(outcomes: Sequence[Outcome], jobs: int) -> Sequence[Outcome]:
    """What an adapter returns may be anything."""
    if len(outcomes) != jobs:
        raise ValueError(f"{len(outcomes)} outcomes for {jobs} jobs")
    for outcome in outcomes:
        if not isinstance(outcome, Outcome):
            raise TypeError(f"an outcome of type {type(outcome).__name__}")
    return outcomes


def place_of(error: BaseException) -> str:
    """An exception's class and where it was raised; never its text, which may hold a body or a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f" at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{at}"
