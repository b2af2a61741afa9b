"""The scaler, as its inline source, on the embedded AWS: what it publishes, remembers and does not publish."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.deploy.conftest import Site
from worker.model.task import Standing


async def test_one_message_needs_one_task(site: Site) -> None:
    """Of a pool that has nothing to do: none."""
    await site.publish("foo", 1)
    told = await site.run()
    assert (told["event"], told["failed"]) == ("scaler.decided", {})
    assert told["pools"]["default"]["vendors"]["foo"]["why"] == "backlog"
    assert told["pools"]["slow"]["vendors"]["bar"]["why"] == "idle"
    assert await site.metric("RequiredTasks", pool="default") == 1
    assert await site.metric("RequiredTasks", pool="slow") == 0


async def test_what_is_published_of_a_vendor(site: Site) -> None:
    """Its tasks, its backlog, how old that gets, and whether its limit is what binds."""
    await site.publish("bar", 2)
    await site.report("bar", held=158, request_seconds=2.0, standing=Standing(sending=150))
    told = await site.run()
    of = {"vendor": "bar", "pool": "slow"}
    assert told["pools"]["slow"]["vendors"]["bar"]["request_seconds"] == 2.0
    assert await site.metric("RequiredTasks", **of) == 8
    assert await site.metric("Backlog", **of) == 160
    assert await site.metric("BacklogSeconds", **of) == 2.0
    assert await site.metric("VendorBound", **of) == 0


async def test_a_pool_needs_the_most_that_a_vendor_needs(site: Site) -> None:
    """Tasks run all vendors of their pool side by side."""
    await site.report("bar", held=41, request_seconds=2.0, standing=Standing(sending=41))
    await site.report("baz", held=21, request_seconds=2.0, standing=Standing(sending=21))
    assert (await site.run())["pools"]["slow"]["tasks"] == 3
    assert await site.metric("RequiredTasks", pool="slow") == 3


async def test_all_tasks_reports_count_for_a_minute(site: Site) -> None:
    """What a task said longer ago does not: it has ended."""
    for task in ("a", "b"):
        await site.report("bar", task=task, held=20, request_seconds=2.0)
    await site.report("bar", task="c", held=99, request_seconds=2.0, ago=timedelta(seconds=90))
    assert (await site.run())["pools"]["slow"]["vendors"]["bar"]["held"] == 40


async def test_a_restart_forgets_nothing(site: Site) -> None:
    """Another process knows what was needed within ten minutes, and how long a request takes."""
    await site.report("bar", held=41, request_seconds=2.0, standing=Standing(sending=41))
    await site.run()
    await site.report("bar", held=0, request_seconds=0.0)
    told = (await site.run())["pools"]["slow"]["vendors"]["bar"]
    assert (told["now"], told["tasks"], told["request_seconds"]) == (0, 3, 2.0)
    assert await site.metric("RequiredTasks", pool="slow") == 3


async def test_a_blocked_vendor_has_one_task_that_probes(site: Site) -> None:
    """As its tasks report."""
    await site.publish("bar", 3)
    await site.report("bar", request_seconds=2.0, standing=Standing(closed="blocked", closed_seconds=30.0))
    told = (await site.run())["pools"]["slow"]["vendors"]["bar"]
    assert (told["tasks"], told["why"]) == (1, "blocked")


async def test_of_a_pool_that_fails_nothing_is_published(site: Site) -> None:
    """The others are; and the invocation fails, so that Lambda counts an error."""
    await site.publish("bar", 1)
    site.urls["foo"] += "-gone"
    with pytest.raises(RuntimeError, match="nothing was published of default"):
        await site.run()
    told = site.logged()
    assert list(told["failed"]) == ["default"]
    assert "NonExistentQueue" in told["failed"]["default"]
    assert await site.metric("RequiredTasks", pool="default") is None
    assert await site.metric("RequiredTasks", pool="slow") == 1


async def test_without_its_table_it_publishes_nothing(site: Site) -> None:
    """What tasks hold is not known, nor what was needed: as many as there are run on."""
    with pytest.raises(RuntimeError, match="default, slow"):
        await site.run(table="gone")
    assert await site.metric("RequiredTasks", pool="slow") is None
