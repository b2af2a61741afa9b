"""What every part of the stack is made of: the stack, the topology and what its resources are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from aws_cdk import Aws, CfnMapping, Fn, Stack

from deploy.ecs.logical import logical
from worker.aws.arns import Place
from worker.model.names import Names
from worker.ops.desired import Stack as Wanted
from worker.ops.desired import desired
from worker.settings import Topology, VendorSettings

ALARM_TOPIC = "Alarms"


@dataclass(frozen=True, slots=True)
class StackPlace(Place):
    """The account and region that the stack will be in: ARNs are references to its resources, by their names."""

    names: Names

    def topic(self, name: str) -> str:
        """The ARN of a topic of the stack."""
        return str(Fn.ref(topic_id(self.names, name)))

    def queue(self, name: str) -> str:
        """The ARN of a queue of the stack."""
        return str(Fn.get_att(queue_id(self.names, name), "Arn").to_string())


@dataclass(frozen=True, slots=True)
class Site:
    """Where resources are added."""

    stack: Stack
    topology: Topology
    told: str  # the text of sluice.toml, which the worker is given; in the template it stands once, as a mapping
    names: Names
    place: StackPlace

    @classmethod
    def of(cls, stack: Stack, topology: Topology, text: str) -> Self:
        """A site on a new stack."""
        names = Names(topology.sluice.name)
        mapping = CfnMapping(stack, "Topology", mapping={"sluice": {"toml": text}})
        told = mapping.find_in_map("sluice", "toml")
        return cls(stack, topology, told, names, StackPlace(Aws.ACCOUNT_ID, Aws.REGION, names))

    @property
    def wanted(self) -> Wanted:
        """What `sluice up` would make: the stack makes the same."""
        return desired(self.topology, self.place)

    @property
    def pools(self) -> tuple[str, ...]:
        """Those in which a vendor runs."""
        wanted = {vendor.pool for vendor in self.topology.vendors.values()}
        return tuple(pool for pool in self.topology.pools if pool in wanted)

    def vendors(self, pool: str) -> dict[str, VendorSettings]:
        """A pool's vendors, by name."""
        return {name: vendor for name, vendor in self.topology.vendors.items() if vendor.pool == pool}

    @property
    def topics(self) -> tuple[str, ...]:
        """All of the topology, the default one first."""
        sluice, vendors = self.topology.sluice, self.topology.vendors.values()
        return tuple(dict.fromkeys((sluice.topic, *(vendor.topic or sluice.topic for vendor in vendors))))

    @property
    def topic_arns(self) -> list[str]:
        """Their ARNs."""
        return [self.place.topic(self.names.topic(topic)) for topic in self.topics]

    @property
    def alarm_topic(self) -> str:
        """The ARN of the topic that is told of alarms."""
        return str(Fn.ref(ALARM_TOPIC))


def topic_id(names: Names, name: str) -> str:
    """A topic's logical ID, by its name in AWS."""
    return logical("Topic", name.removeprefix(f"{names.prefix}-"))


def queue_id(names: Names, name: str) -> str:
    """A queue's logical ID, by its name in AWS."""
    return logical("Queue", name.removeprefix(f"{names.prefix}-"))
