"""A copy of a message is one that SQS takes and that decodes to the same job."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import EPOCH, LoopClock
from tests.fakes.limits import fault_of
from tests.fakes.loop import run, virtual_time
from tests.fakes.queue import MemoryQueue
from worker.model import claim, wire
from worker.model.continuation import Continuation
from worker.model.errors import BadMessageError
from worker.model.message import (
    Attribute,
    Attributes,
    Job,
    JobKey,
    Message,
    MessageId,
    Outgoing,
    ReceiptHandle,
    text_attribute,
)
from worker.model.wire import BURIAL, CLAIM, CONTINUATION, KEY, MAX_SQS_BYTES, OLD_CLAIM, Original, size_of
from worker.pipeline.copies import Copies
from worker.pipeline.decoder import Decoder

NEXT = Continuation("c1", 2).dump()
WHY = json.dumps({"reason": "r" * 990})
EIGHT = {f"a{n}": text_attribute(f"v{n}") for n in range(8)}


def message(body: str = '{"a": 1}', attributes: Attributes | None = None, *, group: str | None = None) -> Message:
    return Message(MessageId("m-1"), ReceiptHandle("r"), body, attributes or {}, 1, EPOCH, 0.0, group)


def decoder(blobs: MemoryBlobs) -> Decoder:
    return Decoder(Any, scope=lambda _: None, blobs=blobs)


async def taken(outgoing: Outgoing) -> Message:
    """What comes out of a queue, with AWS's limits, that the message was put into."""
    queue = MemoryQueue(LoopClock())
    assert await queue.send([outgoing]) == []
    [received] = await queue.receive(1)
    return received


def names(outgoing: Outgoing | Message) -> set[str]:
    return set(outgoing.attributes)


@virtual_time
async def test_a_copy_is_the_message_and_one_attribute() -> None:
    """Body, attributes and group are as they were; the key that is in it stays."""
    attributes = {"target": text_attribute("FOO"), KEY: text_attribute("k")}
    copy = await Copies(None).make(message("[1]", attributes, group="t"), BURIAL, WHY, key=JobKey("k"))
    assert copy == Outgoing("[1]", {**attributes, BURIAL: text_attribute(WHY)}, group="t")


@virtual_time
async def test_a_key_that_was_elsewhere_becomes_the_copys_own() -> None:
    """A message id is another one in the copy, and an envelope's key may be gone: the job's key goes with it."""
    copy = await Copies(None).make(message(), CONTINUATION, NEXT, key=JobKey("from the envelope"))
    assert copy.attributes[KEY] == text_attribute("from the envelope")


@pytest.mark.parametrize("key", ["\x00", "ž\ufffe"])
@virtual_time
async def test_a_key_that_sqs_does_not_take_as_text_is_kept(key: str) -> None:
    """Out of an envelope it may be anything: it goes as bytes, and is read as the same key."""
    copy = await Copies(None).make(message(), BURIAL, WHY, key=JobKey(key))
    job, _ = await decoder(MemoryBlobs()).decode(await taken(copy))
    assert job.key == key


@virtual_time
async def test_a_second_copy_has_the_newer_attribute() -> None:
    """A continuation of a continuation."""
    first = await taken(await Copies(None).make(message(), CONTINUATION, NEXT, key=JobKey("k")))
    newer = Continuation("c2", 5).dump()
    second = await Copies(None).make(first, CONTINUATION, newer, key=JobKey("k"))
    assert second.attributes == {KEY: text_attribute("k"), CONTINUATION: text_attribute(newer)}


@virtual_time
async def test_other_content_takes_the_place_of_body_and_attributes() -> None:
    """Rows that go on by themselves: nothing of the original's pointer or fold is left, the key is the job's."""
    pointer = message(claim.encode("claims", "k"), {CLAIM: Attribute("Number", "9"), "a": text_attribute("outside")})
    rows = Original("[2]", {"a": text_attribute("inside")})
    copy = await Copies(None).make(pointer, CONTINUATION, NEXT, key=JobKey("k"), instead=rows)
    own = {KEY: text_attribute("k"), CONTINUATION: text_attribute(NEXT)}
    assert (copy.body, copy.attributes) == ("[2]", {"a": text_attribute("inside"), **own})


@pytest.mark.parametrize(("users", "folded"), [(8, False), (9, True), (10, True)])
@virtual_time
async def test_an_eleventh_attribute_moves_the_others_into_the_body(users: int, folded: bool) -> None:
    """SQS takes ten. The key stays visible; inside, all is as it was."""
    attributes = {f"a{n}": text_attribute("v") for n in range(users)}
    copy = await Copies(None).make(message(attributes=attributes), BURIAL, WHY, key=JobKey("k"))
    assert (names(copy) == {KEY, BURIAL}) == folded
    assert len(names(copy)) <= 10
    job, _ = await decoder(MemoryBlobs()).decode(await taken(copy))
    assert (job.payload, job.key, job.attributes) == ({"a": 1}, "k", attributes)


@virtual_time
async def test_a_copy_of_a_folded_message_is_not_folded_again() -> None:
    """However many follow one another, the body does not grow."""
    received = message(attributes={f"a{n}": text_attribute("v") for n in range(10)})
    bodies = set()
    for name, value in [(CONTINUATION, NEXT), (CONTINUATION, NEXT), (BURIAL, WHY), (CONTINUATION, NEXT)]:
        received = await taken(await Copies(None).make(received, name, value, key=JobKey("k")))
        bodies.add(received.body)
    assert len(bodies) == 1


@virtual_time
async def test_a_copy_that_is_too_large_goes_to_the_claim_check() -> None:
    """In the form of AWS's extended clients, with the bytes of what is stored."""
    blobs = MemoryBlobs()
    body = json.dumps("ž" * 520_000, ensure_ascii=False)
    copy = await Copies(blobs).make(message(body, EIGHT), BURIAL, "x" * 9000, key=JobKey("k"))
    [(pointer, stored)] = blobs.objects.items()
    assert claim.decode(json.loads(copy.body)) == (pointer.bucket, pointer.key)
    assert copy.attributes[CLAIM] == Attribute("Number", str(len(stored)))
    job, _ = await decoder(blobs).decode(await taken(copy))
    assert (job.payload, job.attributes) == ("ž" * 520_000, EIGHT)


@pytest.mark.parametrize("large", ["target", KEY])
@virtual_time
async def test_attributes_that_fill_a_message_go_to_the_claim_check_too(large: str) -> None:
    """A pointer would not fit beside them; a key that long is not repeated outside."""
    blobs = MemoryBlobs()
    received = message("1", {large: text_attribute("x" * (MAX_SQS_BYTES - 300))})
    before, _ = await decoder(blobs).decode(received)
    copy = await taken(await Copies(blobs).make(received, BURIAL, WHY, key=before.key))
    after, _ = await decoder(blobs).decode(copy)
    assert (after.key, after.attributes) == (before.key, before.attributes)
    assert large not in names(copy)


@virtual_time
async def test_a_very_long_key_goes_with_other_content_too() -> None:
    """And stays where it is in further copies: they cost no claim check each."""
    blobs = MemoryBlobs()
    key = JobKey("k" * (MAX_SQS_BYTES - 500))
    received = message()
    for instead in (Original("[2]", {}), None, None):
        copy = await Copies(blobs).make(received, BURIAL, WHY, key=key, instead=instead)
        received = await taken(copy)
        assert (await decoder(blobs).decode(received))[0].key == key
    assert len(blobs.objects) == 1


@virtual_time
async def test_a_copy_at_exactly_sqs_s_size_is_left_as_it_is() -> None:
    """One byte more and it goes to the claim check."""
    blobs = MemoryBlobs()
    room = MAX_SQS_BYTES - size_of("", {KEY: text_attribute("k"), BURIAL: text_attribute(WHY)})
    for size, stored in [(room, 0), (room + 1, 1)]:
        copy = await Copies(blobs).make(message("1" * size), BURIAL, WHY, key=JobKey("k"))
        await taken(copy)
        assert len(blobs.objects) == stored


@virtual_time
async def test_without_a_bucket_a_copy_that_is_too_large_cannot_be() -> None:
    """The text says what to set."""
    with pytest.raises(BadMessageError, match=r"\[sluice\] bucket") as raised:
        await Copies(None).make(message("1" * MAX_SQS_BYTES), BURIAL, WHY, key=JobKey("k"))
    assert raised.value.code == "size"


@pytest.mark.parametrize("own", [CLAIM, OLD_CLAIM])
@virtual_time
async def test_a_pointer_is_copied_as_a_pointer(own: str) -> None:
    """What lies in the claim check already stays there: nothing is fetched or stored again."""
    blobs = MemoryBlobs()
    pointer = await blobs.put(b'{"a": 1}')
    attributes = {own: Attribute("Number", "8"), KEY: text_attribute("k")}
    received = message(claim.encode(pointer.bucket, pointer.key), attributes)
    copy = await Copies(blobs).make(received, CONTINUATION, NEXT, key=JobKey("k"))
    assert (copy.body, names(copy)) == (received.body, {own, KEY, CONTINUATION})
    assert len(blobs.objects) == 1


# Whatever SQS could hold.

CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
)
TEXTS = st.text(CHARACTERS, min_size=1, max_size=20)
VALUES = st.one_of(
    st.builds(text_attribute, TEXTS),
    st.builds(lambda text: Attribute("String.Array", json.dumps([text])), TEXTS),
    st.builds(lambda number: Attribute("Number.int", str(number)), st.integers(-(10**9), 10**9)),
    st.builds(lambda data: Attribute("Binary", data), st.binary(min_size=1, max_size=20)),
)
NAMES = st.one_of(st.from_regex(r"[B-Zb-z0-9_-]{1,12}", fullmatch=True), st.sampled_from([KEY, CLAIM, "target"]))
ATTRIBUTES = st.sampled_from([0, 1, 7, 8, 9, 10]).flatmap(
    lambda count: st.dictionaries(NAMES, VALUES, min_size=count, max_size=count)
)
PAYLOADS = st.builds(lambda text, times: {"text": text * times}, TEXTS, st.sampled_from([1, 1, 500, 40_000]))


def sns(body: str, attributes: Attributes) -> str:
    """As SNS wraps it without raw delivery."""
    told = {name: {"Type": a.data_type, "Value": a.text} for name, a in attributes.items() if isinstance(a.value, str)}
    return json.dumps({"Type": "Notification", "TopicArn": "t", "Message": body, "MessageAttributes": told})


class Case:
    """A message, and the bucket that it points into; a failing one is told without its megabyte."""

    def __init__(self, received: Message, blobs: MemoryBlobs) -> None:
        self.message = received
        self.blobs = blobs

    def __repr__(self) -> str:
        attributes = {name: (a.data_type, len(a.value), a.value[:20]) for name, a in self.message.attributes.items()}
        return f"Case({len(self.message.body)}, {self.message.body[:500]!r}, {attributes}, {self.message.group})"


@st.composite
def messages(draw: st.DrawFn) -> Case:
    """A message within SQS's limits, in one of the forms in which it may come."""
    blobs = MemoryBlobs()
    body = json.dumps(draw(PAYLOADS), ensure_ascii=draw(st.booleans()))
    for form in draw(st.lists(st.sampled_from(["sns", "claim", "fold"]), max_size=2)):
        match form:
            case "sns":
                body = sns(body, draw(ATTRIBUTES))
            case "claim":
                pointer = run(blobs.put(body.encode()))
                body = claim.encode(pointer.bucket, pointer.key)
            case _:
                body = wire.fold(Original(body, draw(ATTRIBUTES)))
    attributes = draw(ATTRIBUTES)
    room = MAX_SQS_BYTES - size_of(body, attributes) - draw(st.sampled_from([0, 1, 300, 5000]))
    match draw(st.sampled_from(["small", "large body", "large attribute"])):
        case "large body":
            body += " " * room
        case "large attribute":
            name = draw(st.sampled_from(sorted(attributes) or ["target"]))
            attributes[name] = text_attribute("x" * (room - 100))
    received = message(body, attributes, group=draw(st.sampled_from([None, "tenant"])))
    assume(fault_of(Outgoing(body, attributes)) is None and size_of(body, attributes) <= MAX_SQS_BYTES)
    return Case(received, blobs)


@settings(deadline=None)  # a megabyte takes a while
@given(messages(), st.lists(st.sampled_from([(CONTINUATION, NEXT), (BURIAL, WHY)]), min_size=1, max_size=4))
def test_any_copy_is_taken_and_decodes_to_the_same_job(case: Case, added: list[tuple[str, str]]) -> None:
    """Whatever SQS could hold, however often it is copied: SQS takes it, and payload, attributes and key are kept."""
    before, after = run(_copied(case.message, case.blobs, added))
    assert (after.payload, after.key, after.tenant) == (before.payload, before.key, before.tenant)
    assert after.attributes == before.attributes
    continued, buried_last = (CONTINUATION, NEXT) in added, added[-1] == (BURIAL, WHY)
    assert after.cursor == ("c1" if continued else None)
    assert after.attempt == (3 if continued and not buried_last else 1)  # a dead letter that is sent back starts anew


async def _copied(received: Message, blobs: MemoryBlobs, added: list[tuple[str, str]]) -> tuple[Job[Any], Job[Any]]:
    before, _ = await decoder(blobs).decode(received)
    for name, value in added:
        received = await taken(await Copies(blobs).make(received, name, value, key=before.key))
    after, _ = await decoder(blobs).decode(received)
    return before, after
