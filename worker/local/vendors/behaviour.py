"""How a simulated vendor behaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from worker.model.message import NOTHING
from worker.model.rate import Rate


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One simulated vendor. The default takes well-formed requests at once, all of them."""

    name: str
    limit: Rate | None = None  # only measured: nothing is refused for it
    latency: timedelta = NOTHING  # of what is taken or fails; a refusal is instant
    failure_ratio: float = 0.0  # answered 500, decided by the arrival's number and `seed`
    hang_ratio: float = 0.0  # taken, and never answered; decided with the failures, so together at most 1
    cut_ratio: float = 0.0  # taken, and the connection cut in the place of an answer
    seed: int = 0
    throttle_every: int | None = None  # closes after each so many arrivals while open …
    throttle_for: timedelta = timedelta(seconds=2)  # … for so long: all get 429 with this as Retry-After
    takes_anything: bool = False  # else 400 for what is not a POST of JSON with a key
