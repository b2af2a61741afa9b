"""Places count what is in work."""

from __future__ import annotations

import asyncio

from tests.fakes.loop import virtual_time
from worker.pipeline.places import Places


def test_a_receive_takes_its_places_before_it_brings_anything() -> None:
    """So that two receives do not count on the same room."""
    places = Places(asyncio.Event())
    places.reserve(10)
    places.reserve(5)
    assert (places.taken, places.held) == (15, 0)


def test_what_a_receive_did_not_bring_is_free_again() -> None:
    """It asked for ten and brought three."""
    places = Places(asyncio.Event())
    places.reserve(10)
    places.fill(10, 3)
    assert (places.taken, places.held) == (3, 3)


def test_a_place_that_is_freed_lets_permits_look_again() -> None:
    """Only then."""
    moved = asyncio.Event()
    places = Places(moved)
    places.reserve(1)
    places.fill(1, 1)
    assert not moved.is_set()
    places.free()
    assert moved.is_set()
    assert places.taken == 0


@virtual_time
async def test_permits_look_again_once_enough_places_are_free() -> None:
    """Not at each message: of what several receivers ask for, the least counts; then for the next."""
    moved = asyncio.Event()
    places = Places(moved)
    places.reserve(10)
    places.fill(10, 10)
    places.free()
    moved.clear()
    places.tell_after(3)
    places.tell_after(2)
    places.free()
    assert not moved.is_set()
    places.free()
    assert moved.is_set()
    moved.clear()
    places.tell_after(2)
    places.free()
    assert not moved.is_set()


@virtual_time
async def test_settles_beyond_the_bound_take_places() -> None:
    """What SQS does not confirm in time is work, too; its end opens a place."""
    moved = asyncio.Event()
    places = Places(moved)
    places.reserve(502)
    places.fill(502, 502)
    for _ in range(502):
        places.free()
    assert places.taken == 2
    moved.clear()
    places.tell_after(1)
    places.leave()
    assert moved.is_set()
    assert places.taken == 1
    moved.clear()
    for _ in range(501):
        places.leave()
    assert places.taken == 0


def test_who_waits_aside_takes_nobody_s_place() -> None:
    """While it waits; permits look for another at once."""
    moved = asyncio.Event()
    places = Places(moved)
    places.reserve(10)
    places.fill(10, 10)
    with places.aside(3) as crowded:
        assert not crowded
        assert (places.taken, places.held) == (7, 10)
        assert moved.is_set()
    assert places.taken == 10


def test_a_crowd_takes_places() -> None:
    """A thousand may wait aside; then they are told so, and more are not received for them."""
    places = Places(asyncio.Event())
    places.reserve(1003)
    places.fill(1003, 1003)
    with places.aside(1000) as first, places.aside(3) as second:
        assert (first, second) == (False, True)
        assert places.taken == 3
