"""A topology on this machine: the embedded AWS, and a simulated vendor in the place of each real one."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from worker.aws.errors import wrapped
from worker.aws.session import Aws
from worker.local.process import Process
from worker.local.stack import EmbeddedAws
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import serve
from worker.settings import Topology

_POLL, _GRACE = timedelta(seconds=1), timedelta(seconds=2)  # at most: Ctrl-C waits for both, and here they cost nothing
_WORTHLESS = "not-a-secret"
_PAYLOAD_FIELD = re.compile(r"\{[^{}]*\}")
_SECRET_FIELD = re.compile(r"\{secret\.([A-Za-z0-9_.-]+)\}")


@dataclass(frozen=True, slots=True)
class Stage:
    """What was set up."""

    topology: Topology  # with the simulated vendors' endpoints, and quick to stop
    stack: EmbeddedAws
    endpoints: Mapping[str, str]  # by vendor


@asynccontextmanager
async def staged(topology: Topology, behaviours: Sequence[Behaviour]) -> AsyncIterator[Stage]:
    """Start both; raises ConfigurationError or ProcessError."""
    async with EmbeddedAws() as stack, Process("the simulated vendors", partial(serve, behaviours)) as vendors:
        endpoints: Mapping[str, str] = vendors.reported
        yield Stage(_redirected(topology, endpoints), stack, endpoints)


def _redirected(topology: Topology, endpoints: Mapping[str, str]) -> Topology:
    vendors = {
        name: entry.model_copy(
            update={"endpoint": endpoints[name], "poll": min(entry.poll, _POLL), "secret": _plain(entry.secret)}
        )
        for name, entry in topology.vendors.items()
    }
    sluice = topology.sluice.model_copy(update={"grace": min(topology.sluice.grace, _GRACE)})
    return topology.model_copy(update={"sluice": sluice, "vendors": vendors})


def _plain(secret: str | None) -> str | None:
    """One secret for all payloads: here none is worth anything."""
    return secret and _PAYLOAD_FIELD.sub("any", secret)


async def make_secrets(topology: Topology, aws: Aws) -> None:
    """Make a secret of no worth for every name that the topology uses, with the fields that its options ask for."""
    fields: dict[str, set[str]] = {}
    for entry in topology.vendors.values():
        if entry.secret is not None:  # several entries may share one
            fields.setdefault(entry.secret, set()).update(_SECRET_FIELD.findall(json.dumps(entry.options)))
    client = await aws.client("secretsmanager", attempts=3)
    for name, asked in fields.items():
        text = json.dumps(dict.fromkeys(sorted(asked), _WORTHLESS)) if asked else _WORTHLESS
        with wrapped("CreateSecret", name):
            await client.create_secret(Name=name, SecretString=text)
