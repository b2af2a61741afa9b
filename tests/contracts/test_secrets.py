"""What Secrets promises, in memory and on Secrets Manager."""

from __future__ import annotations

import pytest

from tests.contracts.conftest import Vault
from worker.model.errors import RefusedError


async def test_a_secret_is_got_by_its_name(vault: Vault, unique_name: str) -> None:
    """Its text comes back as it was stored."""
    await vault.put(unique_name, "s3cr€t")
    assert await vault.secrets.get(unique_name) == "s3cr€t"


async def test_a_secret_that_is_not_there_is_refused_by_name(vault: Vault, unique_name: str) -> None:
    """The error says which name is missing."""
    with pytest.raises(RefusedError, match=unique_name):
        await vault.secrets.get(unique_name)
