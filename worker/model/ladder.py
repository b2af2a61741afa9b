"""How a metric becomes a number of tasks: one policy of exact capacities, as Application Auto Scaling takes it."""

from __future__ import annotations

from dataclasses import dataclass

PERIOD = 60  # seconds: of the metric, of the alarm, and of the policy's cooldown
_STEPS = 20  # step adjustments of one policy, at most (Application Auto Scaling's quota)
_THRESHOLD = -0.5  # any number of tasks is above it, and lies amid its step


@dataclass(frozen=True, slots=True)
class Step:
    """What is set while `lower <= metric - threshold < upper`; None: whatever it is above."""

    lower: float
    upper: float | None
    capacity: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """A step scaling policy of exact capacities, and the threshold of the one alarm that drives it.

    The alarm: `metric >= threshold` (GreaterThanOrEqualToThreshold), statistic Maximum, one period of PERIOD, missing
    data treated as missing. RequiredTasks is never negative, so each datapoint breaches, zero too, and there is one
    policy for up and down. CloudWatch invokes an Auto Scaling action once a minute for as long as its alarm stays in
    ALARM ("Using Amazon CloudWatch alarms"), and the step is found anew from the latest datapoint ("How step scaling
    for Application Auto Scaling works"). Without data the alarm goes to INSUFFICIENT_DATA, invokes nothing, and as many
    tasks run on.

    The steps: their bounds are relative to the threshold, the lower one is in its step and the upper one is not; they
    neither overlap nor leave a gap; with no bound negative none of them needs an open lower one ("StepAdjustment").
    The policy says ExactCapacity, and PERIOD as its cooldown: the default of an ECS service is 300 s.
    """

    threshold: float
    steps: tuple[Step, ...]

    def capacity(self, metric: float) -> int | None:
        """What is set for a datapoint; None: the alarm is not in ALARM."""
        over = metric - self.threshold
        for step in self.steps:
            if step.lower <= over and (step.upper is None or over < step.upper):
                return step.capacity
        return None


def ladder(max_tasks: int) -> Ladder:
    """Each number of tasks up to 19; of a larger `max_tasks` twenty numbers, so that little is rounded up."""
    capacities = _capacities(max_tasks)
    lowest = [0.0, *(float(below + 1) for below in capacities[:-1])]  # as far above the threshold as each step begins
    spans = zip(lowest, [*lowest[1:], None], capacities, strict=True)
    return Ladder(_THRESHOLD, tuple(Step(*span) for span in spans))


def _capacities(max_tasks: int) -> list[int]:
    growth = 0  # hundredths by which a step is above the one before
    while (found := _grown(max_tasks, growth))[-1] < max_tasks:
        growth += 1
    return found


def _grown(max_tasks: int, growth: int) -> list[int]:
    capacities = [0]
    while capacities[-1] < max_tasks and len(capacities) < _STEPS:
        last = capacities[-1]
        capacities.append(min(max_tasks, max(last + 1, last * (100 + growth) // 100)))
    return capacities
