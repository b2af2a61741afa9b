"""Messages from the publisher to the queues, through the embedded AWS."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from worker.aws.s3 import S3Blobs
from worker.aws.session import Aws
from worker.local.stack import EmbeddedAws
from worker.model import claim
from worker.model.errors import BadMessageError, RefusedError
from worker.model.message import JobKey, Publication, text_attribute
from worker.model.wire import CLAIM, KEY
from worker.ports import Pointer, Publications
from worker.publish import Entry, Publisher
from worker.publish.publications import TopologyPublications

LARGE = "é" * 200_000  # 400,000 bytes


async def test_messages_fan_out_by_filter(aws: Aws, live: Any, drain: Any) -> None:
    """A queue gets what its filter matches, with body, key and attributes; a queue without a filter gets all."""
    topology = await live(foo={"filter": {"target": ["FOO"]}}, bar={"filter": {"target": ["BAR"]}}, all={})
    prefix = topology.sluice.name
    async with Publisher(topology, aws=aws) as publisher:
        await publisher.publish_all(
            Entry({"n": n}, {"target": "FOO" if n % 3 == 0 else "BAR"}, key=f"k{n}") for n in range(25)
        )
    got = {name: await drain(f"{prefix}-{name}") for name in ("foo", "bar", "all")}
    keys = {name: Counter(m["MessageAttributes"][KEY]["StringValue"] for m in found) for name, found in got.items()}
    assert keys["foo"] == Counter(f"k{n}" for n in range(25) if n % 3 == 0)
    assert keys["bar"] == Counter(f"k{n}" for n in range(25) if n % 3)
    assert keys["all"] == Counter(f"k{n}" for n in range(25))
    assert {m["Body"] for m in got["all"]} == {f'{{"n":{n}}}' for n in range(25)}


async def test_a_list_matches_by_any_of_its_elements(aws: Aws, live: Any, drain: Any) -> None:
    """A list goes as String.Array, whose elements a filter sees one by one."""
    topology = await live(foo={"filter": {"target": ["FOO"]}})
    async with Publisher(topology, aws=aws) as publisher:
        await publisher.publish("both", attributes={"target": ["BAR", "FOO"]})
        await publisher.publish("other", attributes={"target": ["BAR"]})
    assert [m["Body"] for m in await drain(f"{topology.sluice.name}-foo")] == ["both"]


async def test_a_large_body_goes_through_s3(aws: Aws, live: Any, drain: Any) -> None:
    """The message is a pointer with its payload's size, and the object is the body."""
    topology = await live(foo={}, bucket=True)
    async with Publisher(topology, aws=aws) as publisher:
        await publisher.publish_all([Entry("small"), Entry(LARGE, {"a": 1}, key="k"), Entry("small too")])
    by_size = sorted(await drain(f"{topology.sluice.name}-foo"), key=lambda m: len(m["MessageAttributes"]))
    assert [m["Body"] for m in by_size[:2]] == ["small", "small too"]
    attributes = by_size[2]["MessageAttributes"]
    assert attributes[CLAIM] == {"StringValue": "400000", "DataType": "Number"}
    assert attributes[KEY]["StringValue"] == "k"
    found = claim.decode(json.loads(by_size[2]["Body"]))
    assert found is not None
    assert (await (await S3Blobs.open(aws, found[0])).get(Pointer(*found))).decode() == LARGE


async def test_a_topic_arn_is_enough(aws: Aws, live: Any, drain: Any) -> None:
    """Without a topology a topic's ARN, and a bucket for what is large, will do."""
    topology = await live(foo={}, bucket=True)
    prefix = topology.sluice.name
    arn = f"arn:aws:sns:{aws.region}:{await aws.account()}:{prefix}-messages"
    bucket = f"{prefix}-claims-{await aws.account()}-{aws.region}"
    async with Publisher.to(arn, bucket=bucket, aws=aws) as publisher:
        await publisher.publish(LARGE)
    assert len(await drain(f"{prefix}-foo")) == 1


async def test_it_opens_its_own_way_to_aws(
    embedded_aws: EmbeddedAws, live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `aws` the standard AWS configuration leads the way."""
    topology = await live(foo={})
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in embedded_aws.environment.items():
        monkeypatch.setenv(name, value)
    async with Publisher(topology) as publisher:
        assert (await publisher.publish("x", key="k")).key == "k"


async def test_a_topic_that_is_not_there_is_refused(aws: Aws, topology: Callable[..., Any]) -> None:
    """Nothing was provisioned: the error says how it is."""
    async with Publisher(topology(foo={}), aws=aws) as publisher:
        with pytest.raises(RefusedError, match="sluice up"):
            await publisher.publish("x")


async def test_two_thousand_messages_take_seconds(aws: Aws, live: Any) -> None:
    """The demo publishes 2,000 messages through the embedded AWS at its start."""
    topology = await live(foo={"filter": {"target": ["FOO"]}}, bar={"filter": {"target": ["BAR"]}})
    began = time.monotonic()
    async with Publisher(topology, aws=aws) as publisher:
        count = await publisher.publish_all(Entry({"n": n, "pad": "x" * 400}, {"target": "FOO"}) for n in range(2_000))
    assert count == 2_000
    assert time.monotonic() - began < 10


async def test_the_pipeline_s_publications_keep_keys_and_topics(aws: Aws, live: Any, drain: Any) -> None:
    """What follows from a message goes to its topic, under the key that the pipeline derived."""
    topology = await live(foo={}, bar={"topic": "next"})
    async with TopologyPublications(topology, aws) as publications:
        port: Publications = publications
        await port.publish(
            [
                Publication("a", {"step": text_attribute("2")}, key=JobKey("p.0")),
                Publication("b", topic="next", key=JobKey("p.1")),
            ]
        )
    [first] = await drain(f"{topology.sluice.name}-foo")
    [second] = await drain(f"{topology.sluice.name}-bar")
    assert (first["Body"], first["MessageAttributes"][KEY]["StringValue"]) == ("a", "p.0")
    assert first["MessageAttributes"]["step"]["StringValue"] == "2"
    assert (second["Body"], second["MessageAttributes"][KEY]["StringValue"]) == ("b", "p.1")


async def test_a_wrong_publication_publishes_none_of_its_siblings(aws: Aws, live: Any, drain: Any) -> None:
    """Its parent is buried for it: siblings published at every attempt would be duplicates."""
    topology = await live(foo={})
    async with TopologyPublications(topology, aws) as publications:
        with pytest.raises(BadMessageError, match="no topic 'nowhere'") as raised:
            await publications.publish([Publication("a"), Publication("b", topic="nowhere")])
    assert raised.value.code == "publication"
    assert await drain(f"{topology.sluice.name}-foo") == []
