"""A secret's text is at hand, fresh within minutes and never lost to an outage."""

from __future__ import annotations

import asyncio

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.loop import virtual_time
from tests.fakes.secrets import MemorySecrets
from worker.aws.secrets import CachedSecret
from worker.model.errors import RefusedError, UnavailableError

MINUTES_5 = 300.0


def cached(secrets: MemorySecrets) -> CachedSecret:
    return CachedSecret(secrets, "key", LoopClock())


@virtual_time
async def test_many_callers_make_one_request() -> None:
    """Ten deliveries that start together fetch it once."""
    secrets = MemorySecrets(key="one")
    async with cached(secrets) as secret:
        texts = await asyncio.gather(*(secret() for _ in range(10)))
    assert set(texts) == {"one"}
    assert secrets.faults.calls["get"] == 1


@virtual_time
async def test_an_old_text_is_returned_at_once_and_replaced_behind() -> None:
    """A rotated key arrives without a delivery having waited for it."""
    secrets = MemorySecrets(key="one")
    async with cached(secrets) as secret:
        await secret()
        secrets.texts["key"] = "two"
        await asyncio.sleep(MINUTES_5)
        gate = secrets.faults.hold("get")
        assert (await secret(), await secret()) == ("one", "one")
        gate.set()
        await asyncio.sleep(1)
        assert await secret() == "two"
    assert secrets.faults.calls["get"] == 2


@pytest.mark.parametrize("outage", [UnavailableError("down"), RefusedError("denied")])
@virtual_time
async def test_an_outage_keeps_the_old_text_and_is_not_hammered(outage: Exception) -> None:
    """One try, then half a minute of rest, then another."""
    secrets = MemorySecrets(key="one")
    async with cached(secrets) as secret:
        await secret()
        await asyncio.sleep(MINUTES_5)
        secrets.faults.fail_next("get", outage)
        for _ in range(5):
            assert await secret() == "one"
            await asyncio.sleep(1)
        assert secrets.faults.calls["get"] == 2
        secrets.texts["key"] = "two"
        await asyncio.sleep(30)
        await secret()
        await asyncio.sleep(1)
        assert await secret() == "two"


@virtual_time
async def test_the_first_fetch_tells_its_error_and_may_be_tried_again() -> None:
    """Nothing is cached of a failure."""
    secrets = MemorySecrets(key="one")
    secrets.faults.fail_next("get", UnavailableError("down"))
    async with cached(secrets) as secret:
        with pytest.raises(UnavailableError):
            await secret()
        assert await secret() == "one"


@virtual_time
async def test_leaving_ends_a_refresh_in_the_air() -> None:
    """No task outlives it."""
    secrets = MemorySecrets(key="one")
    async with cached(secrets) as secret:
        await secret()
        await asyncio.sleep(MINUTES_5)
        secrets.faults.hold("get")
        await secret()
        await asyncio.sleep(1)
    assert asyncio.all_tasks() == {asyncio.current_task()}
