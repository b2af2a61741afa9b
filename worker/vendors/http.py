"""Any HTTP API, described wholly in the topology."""

from __future__ import annotations

import re
from typing import Any

from worker.model.errors import BadMessageError, ConfigurationError
from worker.model.message import Job, JobKey
from worker.model.outcome import Blocked, Delivered, Outcome
from worker.ports import Traits, VendorContext
from worker.vendors.lib.http_options import HttpOptions
from worker.vendors.lib.rest import Reply, Request, RestVendor, outcome_of, rejected, retried, throttled
from worker.vendors.lib.template import Place

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Http(RestVendor[HttpOptions, Any]):
    """One request for each message; the payload is any JSON."""

    def __init__(self, options: HttpOptions, context: VendorContext) -> None:
        super().__init__(options, context)
        idempotent = options.idempotent or options.idempotency_header is not None
        self.traits = Traits(idempotent, scope=self._scope)
        self._headers = {name: text for name, text in options.headers.items() if not text.has_secret}
        self._sealed = {name: text.text for name, text in options.headers.items() if text.has_secret}
        if context.secret is None and (self._sealed or options.url.has_secret):
            raise ConfigurationError(f"vendors.{context.name}.secret is missing: its options say {{secret}}")

    def request(self, job: Job[Any]) -> Request:
        """Fill in what the job says. Raises BadMessageError for a field that is missing or does not fit."""
        if self.options.key is not None:
            self.options.key.render(job)  # a message that its own limit cannot be told of must not pass
        headers = {name: _line(name, text.render(job)) for name, text in self._headers.items()}
        if self.options.idempotency_header is not None:
            headers[self.options.idempotency_header] = _line("job.key", job.key)
        method, url = self.options.method, self.options.url.render(job)
        match self.options.sends:
            case "json":
                return Request(method, url, headers, self._sealed, json=self._content(job))
            case "form":
                return Request(method, url, headers, self._sealed, form=self._form(job))
            case "none":
                return Request(method, url, headers, self._sealed)

    def outcome(self, reply: Reply) -> Outcome:
        """The topology's lists first, then what a status commonly means."""
        options, status = self.options, reply.status
        if status in options.success:
            return Delivered()
        if status in options.permanent or (options.success and 200 <= status < 300):
            return rejected(reply)
        if status in options.retry:
            return retried(reply)
        if status in options.throttle:
            return throttled(reply)
        if status in options.blocked:
            return Blocked(f"HTTP {status}")
        return outcome_of(reply, idempotent=self.traits.idempotent)

    def _scope(self, payload: Any) -> str | None:
        if self.options.key is None:
            return None
        try:
            return self.options.key.render(Job(JobKey(""), payload))
        except BadMessageError:  # `request` raises it again, where it is reported
            return None

    def _content(self, job: Job[Any]) -> object:
        if self.options.fields is None:
            return job.payload
        return {name: text.value(job) for name, text in self.options.fields.items()}

    def _form(self, job: Job[Any]) -> dict[str, str]:
        if self.options.fields is not None:
            return {name: text.render(job) for name, text in self.options.fields.items()}
        if not isinstance(job.payload, dict):
            raise BadMessageError("payload is not an object, and the body is a form", code="field_type")
        return {name: Place("payload", (name,)).text(job) for name in job.payload}


def _line(name: str, value: str) -> str:
    if _CONTROL.search(value):
        raise BadMessageError(f"header {name}: a line break or control character", code="field_unsafe")
    return value
