"""A secret's text is at hand, fresh within minutes and never lost to an outage."""

from __future__ import annotations

import asyncio

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.loop import virtual_time
from tests.fakes.secrets import MemorySecrets
from worker.aws.secrets import CachedSecrets
from worker.model.errors import RefusedError, UnavailableError

MINUTES_5 = 300.0


def cached(secrets: MemorySecrets) -> CachedSecrets:
    return CachedSecrets(secrets, LoopClock(), fixed="key")


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


@virtual_time
async def test_each_name_has_its_own_text() -> None:
    """The fixed one where none is said; one that is not there is told each time, and keeps no other from being got."""
    secrets = MemorySecrets(key="one", other="two")
    async with cached(secrets) as secret:
        assert [await secret(), await secret("other"), await secret("key"), await secret(None)] == [
            "one",
            "two",
            "one",
            "one",
        ]
        for _ in range(2):
            with pytest.raises(RefusedError, match="missing"):
                await secret("missing")
        assert await secret("other") == "two"
    assert secrets.faults.calls["get"] == 4


@virtual_time
async def test_where_the_payload_names_the_secret_the_request_must_say_it() -> None:
    """An adapter that forgot to is told so, and no other shop's secret is used."""
    async with CachedSecrets(MemorySecrets(key="one"), LoopClock()) as secret:
        with pytest.raises(RefusedError, match="does not name it"):
            await secret()


@virtual_time
async def test_many_callers_share_the_failure_of_one_request() -> None:
    """Fifty messages of a shop that has no secret ask once."""
    secrets = MemorySecrets()
    async with cached(secrets) as secret:
        errors = await asyncio.gather(*(secret("a") for _ in range(50)), return_exceptions=True)
    assert all(isinstance(error, RefusedError) for error in errors)
    assert secrets.faults.calls["get"] == 1


@virtual_time
async def test_a_caller_that_is_cancelled_takes_nobody_else_s_text_away() -> None:
    """Its delivery lost its lease while the secret was fetched for all of them."""
    secrets = MemorySecrets(key="one")
    gate = secrets.faults.hold("get")
    async with cached(secrets) as secret:
        first, second = (asyncio.create_task(secret()) for _ in range(2))
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.wait([first])
        gate.set()
        assert await second == "one"
    assert secrets.faults.calls["get"] == 1


@virtual_time
async def test_the_longest_unused_text_is_forgotten_first() -> None:
    """Memory is bounded; what is forgotten is fetched again."""
    secrets = MemorySecrets(**dict.fromkeys("abc", "text"))
    async with CachedSecrets(secrets, LoopClock(), kept=2) as secret:
        for name in "abac":
            await secret(name)
        assert secrets.faults.calls["get"] == 3
        await secret("a")
        assert secrets.faults.calls["get"] == 3
        await secret("b")
        assert secrets.faults.calls["get"] == 4
