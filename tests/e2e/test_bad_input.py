"""Whatever comes, the worker goes on: what can never be delivered is buried, and why is told without what it held."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path

import pytest

from tests.e2e.canaries import Canaries
from tests.e2e.deployment import Deployment
from tests.e2e.echoing import EchoingVendor, echoing
from tests.e2e.mailbox import Mailbox
from worker.aws.s3 import S3Blobs
from worker.aws.session import Aws
from worker.model import claim
from worker.model.message import Attribute, Attributes, Outgoing, text_attribute
from worker.model.names import Names
from worker.model.wire import CLAIM, CONTINUATION, KEY, MAX_SQS_BYTES

VENDORS = """
[defaults]
poll = "1s"
secret = "NAME/secret"
[vendors.typed]
adapter = "hostile:Hostile"
options = { url = "URL/take", user = "{secret}", password = "{secret}" }
[vendors.http]
adapter = "http"
options = { url = "URL/take/{place}?to={to}", headers = { X-To = "{to}" }, idempotent = true }
"""
MANY = 100_000
LARGE = 260_000  # bytes; the emulator's queues take 256 KiB, where those of SQS take a mebibyte
DEEP = "not JSON: recursion limit .+"
JSON = "not JSON: .+ at line 1 column [0-9]+"


@dataclass(frozen=True, slots=True)
class Bad:
    """A message that can never be delivered, and what is told of it: a code, and a pattern of the reason."""

    name: str  # its key
    vendor: str
    body: str
    code: str
    reason: str
    attributes: Attributes = field(default_factory=dict)


def bad_bodies(mark: str) -> Iterator[Bad]:
    """What is no JSON, or too deep."""
    yield Bad("no JSON", "typed", mark, "not_json", JSON)
    yield Bad("cut off", "http", f'{{"to": "{mark}', "not_json", JSON)
    yield Bad("more behind it", "http", f'{{"to": 7}}{mark}', "not_json", JSON)
    yield Bad("no number", "http", f'{{"{mark}": NaN}}', "not_json", JSON)
    yield Bad("half a pair", "http", f'{{"{mark}": "\\ud800"}}', "not_json", JSON)
    yield Bad("large", "typed", mark.ljust(LARGE, "x"), "not_json", JSON)
    yield Bad("a deep list", "http", "[" * MANY + f'"{mark}"' + "]" * MANY, "nesting", DEEP)


def bad_envelopes(mark: str, good: str) -> Iterator[Bad]:
    """What is wrong in or about an envelope."""
    cloud = {"specversion": "1.0", "id": mark, "source": mark, "type": mark}
    binary = b64encode(f"{mark}\xff".encode("latin-1")).decode()
    record = {"eventSource": "aws:s3", "s3": {"object": {"key": mark}}}
    for name, body, reason in (
        ("no UTF-8 in base64", cloud | {"data_base64": binary}, "CloudEvents data_base64 is not UTF-8"),
        ("no base64", cloud | {"data_base64": f"{mark}!"}, "an envelope's value is not base64"),
        ("two objects", {"Records": [record, record]}, "an S3 event with more than one record"),
        ("no object", {"Records": [record]}, "an S3 event without bucket and key"),
    ):
        yield Bad(name, "typed", json.dumps(body), "envelope", reason)
    yield Bad("no JSON in SNS", "typed", sns(mark), "not_json", JSON)
    yield Bad("a deep list in SNS", "typed", sns("[" * MANY), "nesting", DEEP)
    five = sns(sns(sns(sns(sns(good)))))
    yield Bad("too many", "typed", five, "envelope", "more than 4 envelopes within each other")


async def bad_claims(mark: str, ours: S3Blobs) -> list[Bad]:
    """What is wrong with a claim check."""
    stored = (
        ("no JSON there", mark.encode(), "not_json", JSON),
        ("no UTF-8 there", f'{{"{mark}": "\xff"}}'.encode("latin-1"), "not_json", JSON),
        ("a mebibyte there", mark.encode().ljust(MAX_SQS_BYTES, b"x"), "not_json", JSON),
        ("a deep object there", b'{"do":' * MANY + json.dumps(mark).encode(), "nesting", DEEP),
    )
    found = {name: await ours.put(data) for name, data, _, _ in stored}
    missing, foreign = claim.encode(found["no JSON there"].bucket, mark), claim.encode(mark, mark)
    size = {CLAIM: Attribute("Number", "7")}
    return [
        *(Bad(name, "typed", claim.encode(*astuple(found[name])), code, why) for name, _, code, why in stored),
        Bad("no object there", "typed", missing, "claim_missing", "claim check: its object is not there", size),
        Bad("foreign", "typed", foreign, "claim_bucket", "claim check: its bucket is not one of the topology's", size),
    ]


def bad_payloads(mark: str, good: dict[str, str]) -> Iterator[Bad]:
    """JSON, and not what the adapter takes."""
    extra = "payload.*: Extra inputs are not permitted"
    for name, payload, reason in (
        ("another type", [mark], "payload: Input should be a valid dictionary or instance of Deed"),
        ("a field's type", good | {"do": [mark]}, "payload.do: Input should be a valid string"),
        ("a field is missing", {"do": "take", mark: mark}, f"payload.text: Field required; {extra}"),
        ("a field too many", good | {mark: mark}, extra),
        ("a validator breaks", good | {"do": "validate"}, "KeyError in the payload's validation"),
    ):
        yield Bad(name, "typed", json.dumps(payload), "payload", re.escape(reason))
    up, header = "leaves a path segment empty, '.' or '..'", "header X-To: a line break or control character"
    for name, payload, code, reason in (
        ("nothing there", {"to": mark}, "field_missing", "payload.place missing"),
        ("an object there", {"to": 7, "place": {mark: 1}}, "field_type", "payload.place is neither text nor a number"),
        ("a way up", {"to": mark, "place": ".."}, "field_unsafe", f"payload.place {up}"),
        ("two headers", {"to": f"{mark}\r\nX: 1", "place": mark}, "field_unsafe", header),
    ):
        yield Bad(name, "http", json.dumps(payload), code, re.escape(reason))
    theirs = {CONTINUATION: text_attribute(f'{{"cursor": "{mark}"}}')}
    reason = "attribute sluice-continuation is not ours"
    yield Bad("another's continuation", "typed", json.dumps(good), "continuation", reason, theirs)


async def odd_and_good(good: dict[str, str], ours: S3Blobs) -> list[Outgoing]:
    """What a vendor takes all the same."""
    text = json.dumps(good)
    unknown = {f"sluice-{number}": text_attribute("7") for number in range(7)}
    unknown |= {"bytes": Attribute("Binary.odd", b"\xff\0"), "n": Attribute("Number.int", "7")}
    large = await ours.put(json.dumps(good | {"text": "x" * MAX_SQS_BYTES}).encode())
    return [
        Outgoing(text, unknown),
        Outgoing(sns(sns(sns(sns(text)))), {}),
        Outgoing(json.dumps(good | {"text": "x" * LARGE}), {}),
        Outgoing(claim.encode(large.bucket, large.key), {}),
    ]


def sns(text: str) -> str:
    """An SNS envelope around a text."""
    return json.dumps({"Type": "Notification", "TopicArn": "t", "Message": text})


@pytest.fixture
async def vendor(unique_name: str, deployment: Deployment, aws: Aws) -> AsyncIterator[EchoingVendor]:
    """The vendor of a deployment with a bucket."""
    async with echoing() as (vendor, url):
        shutil.copy(Path(__file__).with_name("hostile.py"), deployment.folder)
        deployment.write(VENDORS.replace("URL", url).replace("NAME", unique_name), bucket=True)
        await deployment.up()
        client = await aws.client("secretsmanager", attempts=3)
        await client.create_secret(Name=f"{unique_name}/secret", SecretString="s")
        yield vendor


async def test_bad_input_is_buried_and_told_without_what_it_held(
    unique_name: str, deployment: Deployment, aws: Aws, vendor: EchoingVendor
) -> None:
    """Each once, unsent, with field and rule; no pipeline stops, and what is only odd is delivered afterwards."""
    marks, mailbox = Canaries(), await Mailbox.open(unique_name, aws)
    blobs = await S3Blobs.open(aws, Names(unique_name).bucket(await aws.account(), aws.region))
    good = {"do": "take", "text": (mark := marks["body"])}
    bad = [*bad_bodies(mark), *bad_envelopes(mark, json.dumps(good)), *bad_payloads(mark, good)]
    bad += await bad_claims(mark, blobs)
    for one in bad:
        await mailbox.put(one.vendor, Outgoing(one.body, {**one.attributes, KEY: text_attribute(one.name)}))
    worker = await deployment.start("run", "-v")
    await worker.wrote('"Bury"', times=len(bad))
    assert vendor.heard == []
    await mailbox.put("typed", *(odd := await odd_and_good(good, blobs)))
    await worker.wrote('"Delete"', times=len(odd))
    end = await worker.stop()
    assert (end.code, end.stderr, len(vendor.heard)) == (0, "", len(odd))

    dead = {letter.key: letter for name in ("typed", "http") for letter in await mailbox.dead(name)}
    assert dead.keys() == {one.name for one in bad}
    for one in bad:
        told = dead[one.name].told
        assert (one.name, told["code"]) == (one.name, one.code)
        assert re.fullmatch(one.reason, told["reason"]), one.name
    assert marks.seen_in(end.stdout + "".join(letter.burial for letter in dead.values())) == {}
    lines = [json.loads(line) for line in end.stdout.splitlines()]
    assert {line["event"] for line in lines if line["level"] in {"warning", "error"}} == set()
    assert {line["receive_count"] for line in lines if line["event"] == "message.settled"} == {1}
