"""An adapter without a vendor: each message says what the vendor would have answered.

A copy of it lies beside the topology of the tests that use it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from worker.model.message import Job, JobKey, Publication, text_attribute
from worker.model.outcome import Continue, Delivered, Outcome, Rejected, RetryAfter, Throttled
from worker.ports import Traits, VendorContext
from worker.vendors.lib.options import Options

LARGE = 300_000  # bytes, above what SNS takes


class Actor:
    """`do` names the answer: `deliver`, or one that leads to a delivery the next time, but for `reject`."""

    Options = Options
    Payload = dict[str, Any]

    def __init__(self, options: Options, context: VendorContext) -> None:
        self.traits = Traits()
        self._secret = context.secret
        self._seen: set[JobKey] = set()

    def prepare(self, jobs: Sequence[Job[dict[str, Any]]]) -> Sequence[Job[dict[str, Any]]]:
        """The jobs themselves."""
        return jobs

    async def send(self, request: Sequence[Job[dict[str, Any]]]) -> Sequence[Job[dict[str, Any]]]:
        """Fetch the secret, and do no more."""
        for job in request:
            if self._secret is not None:
                await self._secret(job.secret)
        return request

    def classify(self, reply: Sequence[Job[dict[str, Any]]], jobs: Sequence[Job[dict[str, Any]]]) -> Sequence[Outcome]:
        """What they say."""
        return [self._outcome(job) for job in reply]

    def _outcome(self, job: Job[dict[str, Any]]) -> Outcome:
        is_first = job.key not in self._seen
        self._seen.add(job.key)
        match job.payload["do"]:
            case "reject":
                return Rejected("no such recipient", "gone")
            case "fail" if is_first:
                return RetryAfter(timedelta(seconds=1), "not now")
            case "throttle" if is_first:
                return Throttled(timedelta(seconds=0.1))
            case "go on" if job.cursor != "end":
                return Continue("end")
            case "follow":
                return Delivered((_follower(job, "-a"), _follower(job, "-b", "x" * LARGE)))
            case _:
                return Delivered()


def _follower(job: Job[dict[str, Any]], name: str, text: str = "") -> Publication:
    body = json.dumps({"do": "deliver", "text": text})
    return Publication(body, {"target": text_attribute(job.payload["to"])}, key=JobKey(job.key + name))
