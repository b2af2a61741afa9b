"""Places count what is in work."""

from __future__ import annotations

import asyncio

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
