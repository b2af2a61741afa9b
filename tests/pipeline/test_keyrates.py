"""A rate for each key: exact, bounded in memory, and never begun anew too soon."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.windows import keeps
from worker.model.rate import parse_rate
from worker.pipeline.keyrates import KeyRates

NOW = 1000.0
A, B, C = ["a"], ["b"], ["c"]


def test_a_key_has_its_own_window() -> None:
    """One may be sent to each; the second to the same key waits for the window and the guard."""
    rates = KeyRates(parse_rate("1/min"), guard=0.5)
    rates.take("a", NOW)
    assert 60.5 <= rates.opens_at(A, NOW) - NOW < 60.51
    assert rates.opens_at(B, NOW) == 0.0


def test_of_several_keys_the_last_to_open_counts() -> None:
    """A batch must pass all of them; no key is always open."""
    rates = KeyRates(parse_rate("1/min"), guard=0.0)
    rates.take("a", NOW)
    rates.take("b", NOW + 10)
    assert rates.opens_at("abc", NOW + 20) == pytest.approx(NOW + 70)
    assert rates.turn("abc", NOW + 20) == pytest.approx(NOW + 70)
    assert rates.opens_at([], NOW) == rates.turn([], NOW) == 0.0


def test_those_put_off_are_told_times_one_after_the_other() -> None:
    """What waits for a busy key does not come back all at once; the guard is counted in, lest they come too soon."""
    rates = KeyRates(parse_rate("6/min"), guard=0.6)
    for _ in range(6):
        rates.take("a", NOW)
    given = [rates.give(A, NOW) - NOW for _ in range(3)]
    assert given == pytest.approx([60.6, 70.7, 80.8])


def test_a_newcomer_does_not_overtake_those_put_off() -> None:
    """It waits behind them though the key is open; they need not."""
    rates = KeyRates(parse_rate("6/min"), guard=0.0)
    for _ in range(6):
        rates.take("a", NOW)
    for _ in range(3):
        rates.give(A, NOW)
    assert rates.turn(A, NOW + 61) - NOW == pytest.approx(90)
    assert rates.opens_at(A, NOW + 61) <= NOW + 61


def test_a_newcomer_goes_behind_those_who_wait_in_hand() -> None:
    """For as long as they wait; a key that nothing was sent to has none."""
    rates = KeyRates(parse_rate("6/min"), guard=0.0)
    for _ in range(6):
        rates.take("a", NOW)
    with rates.awaited("ab"), rates.awaited(A):
        assert rates.turn(A, NOW) - NOW == pytest.approx(80)
        assert rates.give(A, NOW) - NOW == pytest.approx(80)
        assert rates.turn(B, NOW) == 0.0
    assert KeyRates(parse_rate("6/min"), guard=0.0).turn(A, NOW) == 0.0


def test_a_key_with_room_is_not_kept_waiting_for_another() -> None:
    """A batch is refused for one of its keys: only that one is told a time."""
    rates = KeyRates(parse_rate("1/min"), guard=0.0)
    rates.take("a", NOW)
    assert rates.give("ab", NOW) - NOW == pytest.approx(60)
    assert rates.turn(B, NOW) == 0.0
    assert rates.give(B, NOW) == NOW


def test_a_key_is_forgotten_once_its_windows_are_over() -> None:
    """Memory is bounded, and what is forgotten would be allowed anyway."""
    rates = KeyRates(parse_rate("1/min"), guard=0.0, kept=2)
    rates.take("a", NOW)
    rates.take("b", NOW + 30)
    assert rates.opens_at(C, NOW + 70) == 0.0
    rates.take("c", NOW + 70)
    assert rates.opens_at(B, NOW + 70) > NOW + 89


def test_a_newcomer_waits_while_all_others_are_under_way() -> None:
    """Nobody's window is forgotten for it: that would let the forgotten key have twice its rate."""
    rates = KeyRates(parse_rate("1/min"), guard=0.0, kept=2)
    rates.take("a", NOW)
    rates.take("b", NOW + 20)
    assert rates.opens_at(C, NOW + 30) == NOW + 60
    assert rates.opens_at(C, NOW + 60) > NOW + 60
    assert rates.opens_at(A, NOW + 30) > NOW + 59


def test_newcomers_without_room_are_told_times_one_after_the_other() -> None:
    """As fast as keys come to rest: with room for two, two in a window."""
    rates = KeyRates(parse_rate("1/min"), guard=0.0, kept=2)
    rates.take("a", NOW)
    rates.take("b", NOW)
    assert [rates.give([key], NOW) - NOW for key in "cde"] == pytest.approx([60, 90, 120])


@settings(max_examples=200, deadline=None)
@given(
    text=st.sampled_from(["1/s", "3/s", "10/min", "2/s"]),
    guard=st.sampled_from([0.0, 0.1]),
    kept=st.integers(1, 4),
    asked=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([0.0, 0.1, 0.9, 1.0, 30.0])), max_size=150),
)
def test_no_key_exceeds_its_rate_however_many_there_are(
    text: str, guard: float, kept: int, asked: list[tuple[str, float]]
) -> None:
    """With room for few keys only, each is sent to just when its own windows allow it."""
    rate, now, sent = parse_rate(text), NOW, defaultdict(list)
    rates = KeyRates(rate, guard, kept=kept)
    for key, pause in asked:
        now += pause
        if rates.opens_at([key], now) <= now:
            rates.take(key, now)
            sent[key].append(now)
    assert all(keeps(rate, instants) for instants in sent.values())


def test_ten_thousand_keys_are_remembered() -> None:
    """One more waits, and none of them is sent to twice in its window."""
    rates = KeyRates(parse_rate("1/min"), guard=0.0)
    for number in range(10_000):
        rates.take(str(number), NOW)
    assert rates.opens_at(["one more"], NOW + 1) > NOW + 1
    assert all(rates.opens_at([str(number)], NOW + 59) > NOW + 59 for number in range(10_000))
    assert rates.opens_at(["one more"], NOW + 61) == 0.0
