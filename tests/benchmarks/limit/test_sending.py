"""What a process sends just after it stood still is known as such."""

from __future__ import annotations

from benchmarks.limit.sending import Request, Sending, Trouble, Watch

STOOD_STILL = Trouble("stood still", 10.0, 13.0, "w1")


def awake(*requests: Request, trouble: Trouble = STOOD_STILL) -> list[float]:
    return list(Sending(requests, Watch(0, 20, [trouble])).sent_awake)


def request(sent: float, sender: str = "w1") -> Request:
    return Request(sent, sent, sender)


def test_what_leaves_just_after_a_standstill_is_left_out() -> None:
    """A request that was about to leave leaves as soon as its process may run again; a later one is its own."""
    assert awake(request(9.9), request(13.01), request(14.0)) == [9.9, 14.0]


def test_a_standstill_explains_nothing_of_another_process() -> None:
    """Only the process that stood still is late."""
    assert awake(request(13.01, "w2")) == [13.01]


def test_a_kill_explains_nothing() -> None:
    """A dead process sends nothing late: under kills the limit holds."""
    assert awake(request(13.01), trouble=Trouble("killed", 13.0, 13.0, "w1")) == [13.01]


def test_instants_are_in_order_whatever_overtook() -> None:
    """A request that was overtaken on its way arrives out of order, and both orders are told."""
    sending = Sending([Request(1.0, 1.5, "w1"), Request(1.1, 1.2, "w2")], Watch(0, 20))
    assert list(sending.sent) == [1.0, 1.1]
    assert list(sending.arrived) == [1.2, 1.5]
