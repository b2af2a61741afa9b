"""What end-to-end tests share: a topology of their own on the embedded AWS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.deployment import Deployment
from worker.aws.session import Aws
from worker.local.stack import EmbeddedAws


@pytest.fixture
async def deployment(
    embedded_aws: EmbeddedAws, aws: Aws, unique_name: str, tmp_path: Path
) -> AsyncIterator[Deployment]:
    """A folder and a name on the embedded AWS; the test writes its topology."""
    deployment = Deployment(unique_name, tmp_path, aws, embedded_aws.environment)
    yield deployment
    await deployment.close()
