"""What every folder's tests may use: one embedded AWS for the whole run."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from worker.aws.session import Aws
from worker.local.stack import EmbeddedAws


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def embedded_aws() -> AsyncIterator[EmbeddedAws]:
    """An AWS on loopback, shared by all tests: give resources a `unique_name`."""
    async with EmbeddedAws() as stack:
        yield stack


@pytest_asyncio.fixture
async def aws(embedded_aws: EmbeddedAws) -> AsyncIterator[Aws]:
    """The way to the embedded AWS."""
    async with embedded_aws.aws() as way:
        yield way


@pytest.fixture
def unique_name() -> str:
    """A name that no other test has."""
    return f"t-{uuid.uuid4().hex[:12]}"
