"""Those who were put off come again one after the other."""

from __future__ import annotations

from worker.pipeline.turns import Turns

NOW = 1000.0


def given(turns: Turns, *opens_at: float) -> list[float]:
    return [turns.give(at, NOW, lasting=6) - NOW for at in opens_at]


def test_each_is_told_a_time_of_its_own() -> None:
    """The first when it is open, each further one its time behind the one before, or when it opens if that is later."""
    assert given(Turns(), NOW + 60, NOW + 60, NOW + 100, NOW + 60) == [60, 66, 100, 106]


def test_a_newcomer_goes_behind_them_while_they_are_awaited() -> None:
    """Once the last of them has come, it need not wait."""
    turns = Turns()
    given(turns, NOW + 60, NOW + 60)
    assert turns.behind(NOW + 60, NOW + 1) == NOW + 72
    assert turns.behind(NOW + 67, NOW + 67) == NOW + 67
    assert (turns.pending(NOW + 65), turns.pending(NOW + 66)) == (True, False)


def test_a_line_in_which_nobody_comes_is_over() -> None:
    """A purged queue closes no key for hours."""
    turns = Turns()
    given(turns, *[NOW + 60] * 1000)
    assert turns.behind(NOW + 60, NOW + 130) > NOW + 6000
    assert turns.behind(NOW + 140, NOW + 140) == NOW + 140
    assert turns.give(NOW + 150, NOW + 140, lasting=6) == NOW + 150


def test_a_line_in_which_they_come_goes_on() -> None:
    """However long it is."""
    turns = Turns()
    given(turns, *[NOW + 60] * 1000)
    for number in range(200):
        turns.seen(NOW + 60 + 6 * number)
    assert turns.behind(NOW + 1260, NOW + 1260) > NOW + 6000


def test_a_slow_line_has_more_time() -> None:
    """One in a quarter of an hour: nobody is seen for longer than a minute, and it is not over."""
    turns = Turns()
    for _ in range(3):
        turns.give(NOW + 10, NOW, lasting=900)
    turns.seen(NOW + 10)
    assert turns.pending(NOW + 900)
