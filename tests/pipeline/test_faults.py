"""A payload's faults are told by field and rule, and never quote the payload."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import (
    UUID4,
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    ConfigDict,
    Field,
    ImportString,
    IPvAnyAddress,
    Json,
    PositiveInt,
    TypeAdapter,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from worker.pipeline.faults import Faults

CANARY = "CANARY"


class Color(enum.Enum):
    RED = "red"


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]
    age: PositiveInt = 1


def quoting(value: object) -> NoReturn:
    raise ValueError(f"{value!r} is wrong")


class Payload(BaseModel):
    """Every kind of field whose own message would quote what it was given, and some that would not."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[str, Field(pattern=r"^\+\d+$", max_length=16)] = "+1"
    name: str = Field("", alias="fullName")
    color: Color = Color.RED
    kind: Literal["a", "b"] = "a"
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    url: AnyUrl | None = None
    uuid: UUID4 | None = None
    when: AwareDatetime | None = None
    address: IPvAnyAddress | None = None
    loaded: ImportString[Any] | None = None
    inner: Json[list[int]] | None = None
    data: Base64Bytes | None = None
    rows: Annotated[list[int], Field(min_length=1)] = Field(default_factory=lambda: [1])
    counts: dict[int, PositiveInt] = Field(default_factory=dict)
    either: int | list[int] = 1
    own: str = ""
    asserted: str = ""
    custom: str = ""
    known: str = ""

    @field_validator("own")
    @classmethod
    def _own(cls, value: str) -> str:
        return quoting(value) if value else value

    @field_validator("asserted")
    @classmethod
    def _asserted(cls, value: str) -> str:
        if value:
            raise AssertionError(f"{value!r} is wrong")
        return value

    @field_validator("custom")
    @classmethod
    def _custom(cls, value: str) -> str:
        if value:
            raise PydanticCustomError("phone", f"{value!r} is wrong")  # type: ignore[arg-type]  # as some do
        return value

    @field_validator("known")
    @classmethod
    def _known(cls, value: str) -> str:
        if value:
            raise PydanticKnownError("uuid_parsing", {"error": value})
        return value


ADAPTER: TypeAdapter[Any] = TypeAdapter(Payload)
FAULTS = Faults(ADAPTER)


def told(value: object, adapter: TypeAdapter[Any] = ADAPTER) -> str:
    with pytest.raises(ValidationError) as raised:
        adapter.validate_python(value)
    return Faults(adapter).told(raised.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"to": CANARY}, r"payload.to: String should match pattern '^\+\d+$'"),
        ({"to": CANARY * 9}, "payload.to: String should have at most 16 characters"),
        ({"fullName": 7}, "payload.fullName: Input should be a valid string"),
        ({"color": CANARY}, "payload.color: Input should be 'red'"),
        ({"kind": CANARY}, "payload.kind: Input should be 'a' or 'b'"),
        ({"pet": {"kind": CANARY}}, "payload.pet: union_tag_invalid"),
        ({"pet": {"kind": "dog", "age": -1}}, "payload.pet.dog.age: Input should be greater than 0"),
        ({"pet": {}}, "payload.pet: Unable to extract tag using discriminator 'kind'"),
        ({"url": CANARY}, "payload.url: url_parsing"),
        ({"uuid": CANARY}, "payload.uuid: uuid_parsing"),
        ({"when": CANARY}, "payload.when: datetime_from_date_parsing"),
        ({"when": "2026-01-01T00:00:00"}, "payload.when: Input should have timezone info"),
        ({"address": CANARY}, "payload.address: ip_any_address"),
        ({"loaded": f"{CANARY}.x"}, "payload.loaded: import_error"),
        ({"inner": CANARY}, "payload.inner: json_invalid"),
        ({"inner": '["CANARY"]'}, "payload.inner.0: Input should be a valid integer, unable to parse string"),
        ({"data": CANARY}, "payload.data: base64_decode"),
        ({"rows": []}, "payload.rows: List should have at least 1 item after validation, not 0"),
        ({"counts": {CANARY: 1}}, "payload.counts.*.[key]: Input should be a valid integer"),
        ({"counts": {"7": 0}}, "payload.counts.*: Input should be greater than 0"),
        ({"either": CANARY}, "payload.either.int: Input should be a valid integer"),
        ({"own": CANARY}, "payload.own: value_error"),
        ({"asserted": CANARY}, "payload.asserted: assertion_error"),
        ({"custom": CANARY}, "payload.custom: phone"),
        ({"known": CANARY}, "payload.known: uuid_parsing"),
        ({CANARY: 1}, "payload.*: Extra inputs are not permitted"),
        ([CANARY], "payload: Input should be a valid dictionary or instance of Payload"),
    ],
)
def test_field_and_rule_are_told_and_not_what_was_there(value: object, text: str) -> None:
    """The model's own words are kept; a rule that may quote its input is told by its name only."""
    assert told(value).startswith(text)
    assert CANARY not in told(value)


def test_the_first_five_faults_are_told() -> None:
    """A list of a thousand wrong numbers is told by its beginning."""
    text = told(["x"] * 1000, TypeAdapter(list[int]))
    assert [part.partition(":")[0] for part in text.split("; ")] == [f"payload.{n}" for n in range(5)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just(CANARY),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.just(CANARY), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from([*(field.alias or name for name, field in Payload.model_fields.items()), CANARY])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(FIELDS, JSON | st.text().map(lambda text: f"{text}{CANARY}"), min_size=1, max_size=4) | JSON)
def test_no_payload_whatsoever_is_quoted(value: object) -> None:
    """The canary stands for a name, a number, an address: wherever it is, it is not in what is told."""
    try:
        ADAPTER.validate_python(value)
        text = ""
    except ValidationError as error:
        text = FAULTS.told(error)
    assert CANARY not in text
