"""The options of `adapter = "http"`."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from worker.vendors.lib.address import Address, parse_address
from worker.vendors.lib.options import Options
from worker.vendors.lib.template import Template, parse_template

_TOKEN = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"  # noqa: S105 - RFC 9110's word for what names are made of
_STATUSES = ("success", "permanent", "retry", "throttle", "blocked")

Text = Annotated[Template, BeforeValidator(parse_template)]
Url = Annotated[Address, BeforeValidator(parse_address)]
HeaderName = Annotated[str, Field(pattern=_TOKEN)]
Statuses = frozenset[Annotated[int, Field(ge=200, le=599)]]


class HttpOptions(Options):
    """Texts hold places: `{a.b}` a field of the payload, `{job.key}`, `{secret}`; `{{` and `}}` are braces.

    `{payload.job}` is the payload's field `job`, `{secret.a}` a field of a secret that is JSON; a job has `key`,
    `attempt` and `tenant`.
    """

    url: Url = Field(description="where to; fields stand in its path and query and are percent-escaped")
    method: Literal["POST", "PUT", "PATCH", "DELETE", "GET"] = Field("POST", description="the HTTP method")
    headers: dict[HeaderName, Text] = Field(
        default_factory=dict, description="each value holds the secret or payload fields, not both"
    )
    body: Literal["json", "form", "none"] | None = Field(
        None, description="how the payload is sent; default: json, none for GET and DELETE"
    )
    fields: dict[str, Text] | None = Field(None, description="what the body is made of; default: the whole payload")
    key: Text | None = Field(None, description='what `rate_per_key` counts: "{to}"')
    idempotent: bool = Field(False, description="the vendor may be sent the same message twice")
    idempotency_header: HeaderName | None = Field(
        None, description="takes the job's key, the same on every attempt; implies idempotent"
    )
    success: Statuses = Field(frozenset(), description="what alone means delivered; default: every 2xx")
    permanent: Statuses = Field(frozenset(), description="can never succeed; as all 3xx and 4xx not named elsewhere")
    retry: Statuses = Field(frozenset(), description="try again; as 408, 423, 425 and 5xx but 501")
    throttle: Statuses = Field(frozenset(), description="asks for less; as 429")
    blocked: Statuses = Field(frozenset(), description="somebody must act; as 401 and 403")
    allow_http: bool = Field(False, description="plain http to another machine, readable on the way")

    @property
    def sends(self) -> Literal["json", "form", "none"]:
        """How the payload is sent."""
        return self.body or ("none" if self.method in {"GET", "DELETE"} else "json")

    @model_validator(mode="after")
    def _each_status_means_one_thing(self) -> Self:
        for one, other in combinations(_STATUSES, 2):
            for status in getattr(self, one) & getattr(self, other):
                raise ValueError(f"{status} stands in {one} and in {other}")
        return self

    @model_validator(mode="after")
    def _secrets_stand_alone(self) -> Self:
        for name, text in self.headers.items():
            if text.has_secret and len({place.source for place in text.places}) > 1:
                raise ValueError(f"headers.{name} holds the secret and other fields; make two headers of it")
        for name, text in {**(self.fields or {}), "key": self.key or Template(())}.items():
            if text.has_secret:
                raise ValueError(f"{name} holds the secret; that belongs into headers, or the url")
        if self.key is not None and any(place.source != "payload" for place in self.key.places):
            raise ValueError("key consists of payload fields")
        return self

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if not (self.url.is_private or self.allow_http):
            raise ValueError("url is plain http to another machine; write https, or allow_http = true")
        if self.sends == "none" and self.fields is not None:
            raise ValueError("fields make a body, and there is none; set body")
        return self
