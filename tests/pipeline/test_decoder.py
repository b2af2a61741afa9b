"""A message becomes a job, whatever was put around its payload; what cannot is refused without a word of its body."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel

from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import EPOCH
from tests.fakes.loop import run, virtual_time
from worker.model import claim, wire
from worker.model.continuation import Continuation
from worker.model.errors import BadMessageError, UnavailableError
from worker.model.message import Attribute, Attributes, Job, Message, MessageId, ReceiptHandle, text_attribute
from worker.model.naming import parse_naming
from worker.model.wire import BURIAL, CLAIM, KEY, MAX_SQS_BYTES, Original
from worker.pipeline.decoder import Decoder, key_of
from worker.pipeline.envelope import DEPTH
from worker.ports import Pointer

CANARY = "CANARY"
PAYLOAD = {"a": 1}
TEXT = json.dumps(PAYLOAD)


def message(body: str, attributes: Attributes | None = None, *, group: str | None = None) -> Message:
    return Message(MessageId("m-1"), ReceiptHandle("r"), body, attributes or {}, 1, EPOCH, 0.0, group)


def texts(**values: str) -> Attributes:
    return {name.replace("_", "-"): text_attribute(value) for name, value in values.items()}


async def decode(
    body: str,
    attributes: Attributes | None = None,
    *,
    payload: Any = Any,
    blobs: MemoryBlobs | None = None,
    open_envelopes: bool = True,
) -> tuple[Job[Any], Continuation]:
    decoder = Decoder(payload, scope=lambda _: None, blobs=blobs, open_envelopes=open_envelopes)
    return await decoder.decode(message(body, attributes))


async def refused(body: str, attributes: Attributes | None = None, **options: Any) -> BadMessageError:
    with pytest.raises(BadMessageError) as raised:
        await decode(body, attributes, **options)
    return raised.value


# What may be around a payload: each takes a text that is JSON and gives another.


def as_sns(text: str) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "t", "Message": text})


def as_eventbridge(text: str) -> str:
    return json.dumps({"detail-type": "t", "source": "s", "id": "i", "detail": json.loads(text)})


def as_cloudevent(text: str) -> str:
    return json.dumps({"specversion": "1.0", "id": "i", "source": "s", "type": "t", "data": json.loads(text)})


def as_encoded_cloudevent(text: str) -> str:
    data = base64.b64encode(text.encode()).decode()
    return json.dumps({"specversion": "1.0", "id": "i", "source": "s", "type": "t", "data_base64": data})


def as_fold(text: str) -> str:
    return wire.fold(Original(text, {}))


class Bucket(MemoryBlobs):
    """A bucket that a body can be put into as an envelope."""

    def around(self, text: str) -> str:
        pointer = Pointer("claims", f"k{len(self.objects)}")
        self.objects[pointer] = text.encode()
        return claim.encode(pointer.bucket, pointer.key)


ENVELOPES = ["sns", "eventbridge", "cloudevent", "encoded_cloudevent", "claim"]
WRAPS = {
    "sns": as_sns,
    "eventbridge": as_eventbridge,
    "cloudevent": as_cloudevent,
    "encoded_cloudevent": as_encoded_cloudevent,
    "fold": as_fold,
}


def wrapped(text: str, forms: list[str], bucket: Bucket) -> str:
    for form in forms:
        text = bucket.around(text) if form == "claim" else WRAPS[form](text)
    return text


class Recipient(BaseModel, extra="forbid"):
    to: str
    count: int = 1


@virtual_time
async def test_a_raw_message_becomes_a_job() -> None:
    """Payload by the adapter's model, scope by its rule, tenant by the message's group, size in bytes of the text."""
    decoder = Decoder(Recipient, scope=lambda payload: payload.to, blobs=None)
    body = json.dumps({"to": "žluť"}, ensure_ascii=False)
    job, continuation = await decoder.decode(message(body, texts(target="FOO"), group="tenant"))
    assert job == Job(
        key="m-1",
        payload=Recipient(to="žluť"),
        attempt=1,
        cursor=None,
        scope="žluť",
        size=len(body.encode()),
        attributes=texts(target="FOO"),
        tenant="tenant",
    )
    assert continuation == Continuation()


@pytest.mark.parametrize("form", [*ENVELOPES, "fold"])
@virtual_time
async def test_every_envelope_is_opened(form: str) -> None:
    """SNS, EventBridge, CloudEvents, claim check, our own fold: the adapter sees the payload only."""
    bucket = Bucket()
    job, _ = await decode(wrapped(TEXT, [form], bucket), blobs=bucket)
    assert job.payload == PAYLOAD


@virtual_time
async def test_an_s3_event_is_a_payload_of_its_facts() -> None:
    """Also as it comes through SNS: its key as the object is called."""
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "inbox"}, "object": {"key": "my+file+%281%29.eml", "size": 7}},
    }
    facts = {"event": "ObjectCreated:Put", "bucket": "inbox", "key": "my file (1).eml", "size": 7}
    for form in (lambda text: text, as_sns):
        job, _ = await decode(form(json.dumps({"Records": [record]})))
        assert job.payload == facts


@settings(deadline=None)
@given(st.lists(st.sampled_from([*ENVELOPES, "fold", "fold"]), max_size=8))
def test_envelopes_within_each_other_are_opened_up_to_the_depth(forms: list[str]) -> None:
    """Any of them within any: four that others put there, and folds of ours that do not count."""
    bucket = Bucket()
    body = wrapped(TEXT, forms, bucket)
    if len([form for form in forms if form != "fold"]) <= DEPTH:
        assert run(decode(body, blobs=bucket))[0].payload == PAYLOAD
    else:
        error = run(refused(body, blobs=bucket))
        assert (error.code, error.reason) == ("envelope", "more than 4 envelopes within each other")


@virtual_time
async def test_a_claim_check_that_points_to_itself_ends() -> None:
    """The depth bounds how many objects one message has us fetch."""
    bucket = Bucket()
    bucket.objects[Pointer("claims", "k")] = claim.encode("claims", "k").encode()
    assert (await refused(claim.encode("claims", "k"), blobs=bucket)).code == "envelope"
    assert bucket.faults.calls["get"] == DEPTH + 1


@pytest.mark.parametrize("form", ["sns", "eventbridge", "cloudevent", "encoded_cloudevent"])
@virtual_time
async def test_a_topology_can_leave_envelopes_alone(form: str) -> None:
    """For a payload that looks like one: the adapter sees all of it."""
    body = wrapped(TEXT, [form], Bucket())
    job, _ = await decode(body, open_envelopes=False)
    assert job.payload == json.loads(body)


@pytest.mark.parametrize("forms", [["claim"], ["fold"], ["claim", "fold"], ["fold", "claim"]])
@virtual_time
async def test_what_we_put_around_a_payload_is_opened_always(forms: list[str]) -> None:
    """Claim checks and folds are the transport's."""
    bucket = Bucket()
    job, _ = await decode(wrapped(TEXT, forms, bucket), blobs=bucket, open_envelopes=False)
    assert job.payload == PAYLOAD


@pytest.mark.parametrize("forms", [["claim"], ["claim", "sns"], ["claim", "fold"], ["claim", "sns", "fold"]])
@virtual_time
async def test_a_claim_checks_size_is_that_of_what_it_stands_for(forms: list[str]) -> None:
    """A batch is bounded by what is sent, not by pointers."""
    bucket = Bucket()
    text = json.dumps({"text": "ž" * 1000}, ensure_ascii=False)
    job, _ = await decode(wrapped(text, forms, bucket), blobs=bucket)
    assert job.size == len(text.encode())


@virtual_time
async def test_a_folds_size_is_that_of_what_is_in_it() -> None:
    """Bytes, not characters."""
    job, _ = await decode(as_fold('"ž"'))
    assert job.size == 4


@virtual_time
async def test_a_claim_check_without_a_bucket_is_refused() -> None:
    """The text says what to set."""
    error = await refused(claim.encode("claims", "k"))
    assert (error.code, "[sluice] bucket" in error.reason) == ("claim_bucket", True)


@pytest.mark.parametrize(
    ("pointer", "code"), [(("foreign", "k"), "claim_bucket"), (("claims", "gone"), "claim_missing")]
)
@virtual_time
async def test_a_claim_check_that_is_worth_nothing_is_refused(pointer: tuple[str, str], code: str) -> None:
    """Another's bucket, an object that is not there."""
    assert (await refused(claim.encode(*pointer), blobs=Bucket())).code == code


@virtual_time
async def test_a_claim_check_that_cannot_be_fetched_now_is_not_refused() -> None:
    """S3 is away: the message may be decoded later."""
    bucket = Bucket()
    body = bucket.around(TEXT)
    bucket.faults.fail_next("get", UnavailableError("away"))
    with pytest.raises(UnavailableError):
        await decode(body, blobs=bucket)


# Attributes.


@virtual_time
async def test_unknown_attributes_pass_and_our_own_do_not() -> None:
    """The adapter sees what the caller set, of whatever type."""
    others = {"target": text_attribute("FOO"), "raw": Attribute("Binary.png", b"\x00"), "n": Attribute("Number", "7")}
    own = {CLAIM: Attribute("Number", "9"), **texts(sluice_key="k", sluice_burial="why")}
    job, _ = await decode(TEXT, {**others, **own, "SQSLargePayloadSize": Attribute("Number", "9")})
    assert job.attributes == others


@virtual_time
async def test_an_envelopes_attributes_are_the_messages() -> None:
    """SNS puts them inside, a fold too; what stands outside was written later and counts."""
    told = {"target": {"Type": "String", "Value": "FOO"}, "both": {"Type": "String", "Value": "inside"}}
    body = json.dumps({"Type": "Notification", "TopicArn": "t", "Message": TEXT, "MessageAttributes": told})
    job, _ = await decode(body, texts(both="outside"))
    assert job.attributes == texts(target="FOO", both="outside")
    job, _ = await decode(wire.fold(Original(body, texts(folded="yes"))), texts(both="outside"))
    assert job.attributes == texts(target="FOO", both="outside", folded="yes")


@pytest.mark.parametrize(
    ("attributes", "key"),
    [
        ({}, "m-1"),
        (texts(sluice_key="k"), "k"),
        ({KEY: Attribute("Binary", b"k")}, "k"),
        (texts(sluice_key=""), "m-1"),
        (texts(other="x"), "m-1"),
    ],
)
@virtual_time
async def test_the_key_is_the_callers_else_the_message_id(attributes: Attributes, key: str) -> None:
    """The same on every attempt, and known before the body is read."""
    assert (await decode(TEXT, attributes))[0].key == key
    assert key_of(message("not JSON", attributes)) == key


@virtual_time
async def test_a_key_inside_an_envelope_is_the_messages() -> None:
    """Published with a key, delivered without raw delivery."""
    told = {KEY: {"Type": "String", "Value": "k"}}
    body = json.dumps({"Type": "Notification", "TopicArn": "t", "Message": TEXT, "MessageAttributes": told})
    assert (await decode(body))[0].key == "k"


@virtual_time
async def test_a_continuation_goes_on_where_it_was() -> None:
    """Cursor, failed attempts, the time before which it must not."""
    due = datetime(2026, 1, 1, 3, tzinfo=UTC)
    told = Continuation("c1", 2, due)
    job, continuation = await decode(TEXT, texts(sluice_continuation=told.dump()))
    assert (job.cursor, job.attempt, continuation) == ("c1", 3, told)


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        "null",
        '{"cursor": "CANARY"}',
        '{"cursor": 7, "failures": 0, "due": null}',
        '{"cursor": null, "failures": 0, "due": 1e300}',
        '{"cursor": null, "failures": -1, "due": null}',
        f'{{"cursor": null, "failures": {"9" * 2000}, "due": null}}',
        "[" * 100_000,
    ],
)
@virtual_time
async def test_a_continuation_that_is_not_ours_is_refused(text: str) -> None:
    """Not guessed at: a job must not start over, nor count what never was."""
    error = await refused(TEXT, texts(sluice_continuation=text))
    assert (error.code, error.reason) == ("continuation", "attribute sluice-continuation is not ours")


@virtual_time
async def test_a_message_that_was_buried_decodes_again() -> None:
    """Moved back from the dead-letter queue with its burial still on it."""
    job, _ = await decode(TEXT, {BURIAL: text_attribute("{}"), KEY: text_attribute("k")})
    assert (job.payload, job.key, job.attributes) == (PAYLOAD, "k", {})


# What cannot be delivered.


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (CANARY, "not_json"),
        ("", "not_json"),
        (" ", "not_json"),
        (f'{{"{CANARY}": ', "not_json"),
        (f'{{"{CANARY}": 1,}}', "not_json"),
        (f'"{CANARY}\\x"', "not_json"),
        (f'"{CANARY}\x01"', "not_json"),
        (f'"{CANARY}\\ud800"', "not_json"),
        (f"{TEXT}{CANARY}", "not_json"),
        ("NaN", "not_json"),
        (f'{{"{CANARY}": NaN}}', "not_json"),
        ('{"a": -Infinity}', "not_json"),
        ("9" * 5000, "not_json"),
        ("[" * 100_000, "nesting"),
        ('{"a":' * 100_000, "nesting"),
        ("[" * 100_000 + "]" * 100_000, "nesting"),
        ("x" * MAX_SQS_BYTES, "not_json"),
    ],
)
@pytest.mark.parametrize("forms", [[], ["sns"], ["claim"], ["fold"], ["encoded_cloudevent"], ["claim", "sns"]])
@virtual_time
async def test_what_is_not_json_is_refused(body: str, code: str, forms: list[str]) -> None:
    """In whatever it comes: the text says where, and holds nothing of what is there."""
    bucket = Bucket()
    error = await refused(wrapped(body, forms, bucket), blobs=bucket)
    assert error.code == code
    assert CANARY not in error.reason
    assert len(error.reason) < 200


@pytest.mark.parametrize("data", [b'"\xff"', b"\x89PNG\r\n", '"ž"'.encode("utf-16"), b'{"CANARY": "\xc3\x28"}'])
@virtual_time
async def test_what_is_not_utf_8_is_refused(data: bytes) -> None:
    """Only a claim check and base64 can hold such."""
    bucket = Bucket()
    pointer = await bucket.put(data)
    error = await refused(claim.encode(pointer.bucket, pointer.key), blobs=bucket)
    assert (error.code, CANARY in error.reason) == ("not_json", False)
    encoded = {"specversion": "1.0", "id": "i", "source": "s", "type": "t"}
    error = await refused(json.dumps(encoded | {"data_base64": base64.b64encode(data).decode()}))
    assert (error.code, CANARY in error.reason) == ("envelope", False)


@pytest.mark.parametrize("body", ["null", "7", "[]", '"text"', "{}", '{"to": 7}'])
@virtual_time
async def test_a_payload_of_another_type_is_refused(body: str) -> None:
    """JSON, and not what the adapter takes."""
    assert (await refused(body, payload=Recipient)).code == "payload"


@virtual_time
async def test_a_mebibyte_is_decoded() -> None:
    """As large as SQS takes."""
    body = json.dumps("x" * (MAX_SQS_BYTES - 2))
    job, _ = await decode(body, payload=str)
    assert job.size == len(job.payload) + 2 == MAX_SQS_BYTES


def raising(error: Exception) -> Any:
    """A payload type whose own validation raises."""

    def check(_: object) -> NoReturn:
        raise error

    return Annotated[Any, AfterValidator(check)]


@pytest.mark.parametrize("error", [KeyError(CANARY), TypeError(CANARY), RecursionError(CANARY), OverflowError(CANARY)])
@virtual_time
async def test_an_adapters_broken_validation_breaks_its_message_only(error: Exception) -> None:
    """A model lets all but ValueError through: the pipeline must live, and the error's text goes nowhere."""
    told = await refused(TEXT, payload=raising(error))
    assert (told.code, told.reason) == ("payload", f"{type(error).__name__} in the payload's validation")


@virtual_time
async def test_an_adapters_own_refusal_is_told_in_its_own_words() -> None:
    """It raised what the core raises, and answers for the text."""
    told = await refused(TEXT, payload=raising(BadMessageError("no country code", code="country")))
    assert (told.code, told.reason) == ("country", "no country code")


@virtual_time
async def test_an_adapters_value_error_is_not_quoted() -> None:
    """The text of a ValueError usually has the value in it."""
    told = await refused(TEXT, payload=raising(ValueError(CANARY)))
    assert (told.code, told.reason) == ("payload", "payload: value_error")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(CANARY) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.just(CANARY), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(
    value=JSON,
    forms=st.lists(st.sampled_from([*ENVELOPES, "fold"]), max_size=6),
    cut=st.integers(0, 40),
    payload=st.sampled_from([Recipient, list[int], dict[int, Recipient], raising(ValueError(CANARY))]),
)
def test_no_refusal_holds_anything_of_the_body(value: Any, forms: list[str], cut: int, payload: Any) -> None:
    """Wherever the canary is, wherever the body is cut off, whatever is around it; text and chain alike."""
    bucket = Bucket()
    body = wrapped(json.dumps({"to": value, CANARY: value}), forms, bucket)
    error = run(refused(body[: len(body) - cut], payload=payload, blobs=bucket))
    assert error.code
    assert CANARY not in f"{error.reason} {error}"
    assert CANARY not in str(error.__cause__)


@virtual_time
async def test_a_job_names_its_limit_and_its_secret() -> None:
    """Where their names hold payload fields; else all have the same, and it names none."""
    names = {key: parse_naming(key, text) for key, text in (("limit_key", "shop/{a}"), ("secret", "token/{b.c}"))}
    decoder = Decoder(Any, scope=lambda _: None, blobs=None, limit=names["limit_key"], secret=names["secret"])
    job, _ = await decoder.decode(message('{"a": 1, "b": {"c": "x"}}'))
    assert (job.limit, job.secret) == ("shop/1", "token/x")
    job, _ = await decode(TEXT)
    assert (job.limit, job.secret) == (None, None)
    with pytest.raises(BadMessageError, match=r"^b\.c is missing, and secret needs it$"):
        await decoder.decode(message('{"a": 1}'))
