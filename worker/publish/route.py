"""Where publications go: topics by name, and the bucket of those that are too large for SNS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from worker.aws.arns import Place
from worker.model.names import Names
from worker.model.wire import MAX_SNS_BYTES
from worker.publish.entry import Entry, Prepared, prepare
from worker.publish.faults import InvalidEntryError
from worker.settings import Topology


@dataclass(frozen=True, slots=True)
class Destination:
    """A topic, and the vendors that filter its messages by their body."""

    arn: str
    body_filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """The default topic, the others by name, and a bucket for claim checks."""

    default: Destination
    topics: Mapping[str, Destination] = field(default_factory=dict)
    bucket: str | None = None

    def prepare(self, entry: Entry) -> tuple[str, Prepared]:
        """Make what is sent, and the ARN of its topic; raises InvalidEntryError."""
        destination = self._destination(entry.topic)
        prepared = prepare(entry)
        if prepared.needs_claim:
            self._check_claim(destination, prepared.size)
        return destination.arn, prepared

    def _destination(self, topic: str | None) -> Destination:
        if topic is None:
            return self.default
        if isinstance(topic, str) and topic.startswith("arn:"):
            return next((known for known in self.topics.values() if known.arn == topic), Destination(topic))
        if topic in self.topics:
            return self.topics[topic]
        near = get_close_matches(str(topic), self.topics, 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(self.topics) or 'only the default one'}"
        raise InvalidEntryError(f"no topic {topic!r} in the topology: {hint}")

    def _check_claim(self, destination: Destination, size: int) -> None:
        large = f"body and attributes have {size:,} bytes, SNS takes {MAX_SNS_BYTES:,}"
        if self.bucket is None:
            raise InvalidEntryError(
                f"{large}: set `[sluice] bucket = true` and run `sluice up`, and it goes through S3 "
                "(without a topology: name a bucket)"
            )
        if destination.body_filters:
            raise InvalidEntryError(
                f"{large}, and its pointer to S3 would never match the body filter of vendor "
                f'{", ".join(destination.body_filters)}: filter by attributes (filter_scope = "attributes"), '
                "or make the message smaller"
            )


def route_of(topology: Topology, place: Place) -> Route:
    """Read a topology's topics and bucket."""
    names = Names(topology.sluice.name)
    used = dict.fromkeys([topology.sluice.topic, *(_topic(topology, vendor) for vendor in topology.vendors)])
    topics = {topic: Destination(place.topic(names.topic(topic)), _body_filters(topology, topic)) for topic in used}
    bucket = names.bucket(place.account, place.region) if topology.sluice.bucket else None
    return Route(topics[topology.sluice.topic], topics, bucket)


def _topic(topology: Topology, vendor: str) -> str:
    return topology.vendors[vendor].topic or topology.sluice.topic


def _body_filters(topology: Topology, topic: str) -> tuple[str, ...]:
    return tuple(
        name
        for name, vendor in topology.vendors.items()
        if vendor.filter and vendor.filter_scope == "body" and _topic(topology, name) == topic
    )
