"""What is set to a row, and what is only reported."""

from __future__ import annotations

from benchmarks.limit import told
from benchmarks.limit.result import Seen
from benchmarks.limit.sending import Request, Sending, Trouble, Watch
from worker.model.rate import parse_rate

TWO_A_SECOND = parse_rate("2/s")
STOOD_STILL = Trouble("stood still", 0.6, 0.85, "w2")


def seen(*requests: Request, who: str = "Sluice") -> Seen:
    return Seen(who, Sending(requests, Watch(0, 9, [STOOD_STILL])), use=0.9, least_use=0.95)


def request(sent: float, sender: str) -> Request:
    return Request(sent, sent, sender)


THREE = (request(0.0, "w1"), request(0.5, "w1"), request(0.9, "w2"))


def missed(figures: list[told.Figure]) -> set[str]:
    return {figure.name for figure in figures if figure.missed}


def test_a_violation_and_too_little_use_are_missed() -> None:
    """The limit is set, and so is the use."""
    assert missed(told.ours("row", TWO_A_SECOND, seen(*THREE))) == {"row.worst_1s_sent", "row.violations", "row.use"}


def test_a_violation_that_a_freeze_explains_is_only_counted() -> None:
    """What left just after its process stood still may be one too many; what another sent may not."""
    figures = {figure.name: figure for figure in told.ours("row", TWO_A_SECOND, seen(*THREE), freezes=True)}
    assert (figures["row.violations"].value, figures["row.violations"].missed) == (1, False)
    assert not figures["row.violations_unexplained"].missed
    unexplained = told.ours("row", TWO_A_SECOND, seen(*THREE[:2], request(0.9, "w1")), freezes=True)
    assert "row.violations_unexplained" in missed(unexplained)


def test_nothing_is_set_to_others() -> None:
    """What stands beside Sluice is reported, under its own name."""
    figures = told.others("row", TWO_A_SECOND, seen(*THREE, who="8 workers"))
    assert missed(figures) == set()
    assert {figure.name.rpartition(".")[0] for figure in figures} == {"row.8_workers"}
