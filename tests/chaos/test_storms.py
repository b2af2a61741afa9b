"""The short form of `python -m benchmarks.chaos`: real worker processes in trouble, and what SQS and the vendor saw.

Slow, two and a half minutes in all: a worker takes two seconds to start, and what a dead one held comes again only when
its visibility ends. No bound here is by the clock but those for what hangs: on a slow machine it takes longer.
"""

from __future__ import annotations

import pytest

from benchmarks.chaos.ride import Ride, ride
from benchmarks.chaos.storms import LEAST_RECEIVES, STORMS, Storm
from worker.local.stack import EmbeddedAws

pytestmark = pytest.mark.chaos

SECONDS = 5.0  # of trouble, at least
CAUSES = {  # that a duplicate may have, beside those of every storm
    "kill": {"killed before the delete"},
    "deploy": set[str](),
    "freeze": {"lease lost: the worker stood still"},
    "sqs_away": {"lease lost: SQS calls failed"},
    "sqs_moody": {"lease lost: SQS calls failed", "two messages of one key"},
    "vendor_moody": {"no answer from the vendor"},
    "table_away": {"killed before the delete"},
    "poison": {"killed before the delete", "two messages of one key"},
}
SHORT = [storm for storm in STORMS if storm.name != "table_away_strict"]  # there all waits for half a minute and more
EVER = {"the machine stood still"}  # not ours: noted by the loop that the vendor and the proxy run in


@pytest.mark.parametrize("storm", SHORT, ids=lambda storm: storm.name)
async def test_nothing_is_lost(embedded_aws: EmbeddedAws, unique_name: str, storm: Storm) -> None:
    """Each message ends delivered or buried, and whatever was done twice has a cause that this storm may have."""
    ridden = await ride(embedded_aws, storm, unique_name, SECONDS)
    told = ridden.judgement
    assert [str(violation) for violation in told.violations[:1]] == []
    assert ridden.lost == 0
    assert {cause: told.examples[cause] for cause in set(told.duplicates) - CAUSES[storm.name] - EVER} == {}
    check_end(ridden)
    check_trouble(ridden)


def check_end(ridden: Ride) -> None:
    """All is delivered; of poison only the poison is not, and its dead letter says why."""
    told = ridden.judgement
    assert (told.buried, told.redriven) == (ridden.bad, 0)
    assert told.burials == ({"kills": ridden.bad} if ridden.bad else {})
    assert told.delivered == told.published - ridden.bad


def check_trouble(ridden: Ride) -> None:
    """The trouble was really there: a storm that troubles nobody proves nothing."""
    told = ridden.judgement
    assert told.published >= 100
    match ridden.storm:
        case "kill":
            assert ridden.deaths >= 3
        case "deploy":
            assert ridden.stops >= 4  # the last one too
        case "freeze":
            assert told.duplicates
        case "sqs_away" | "sqs_moody":
            assert ridden.disturbed["sqs"] > 0
        case "vendor_moody":
            assert {429, 500} <= set(ridden.answers)
            assert "no answer from the vendor" in told.duplicates
        case "table_away":
            assert ridden.disturbed["dynamodb"] > 0
            assert ridden.said["table.call_failed"] > 0
            assert ridden.answers[500] > 0  # attempts were counted
            assert ridden.deaths == 2
            assert told.recalled > 0
        case "poison":
            assert ridden.deaths >= LEAST_RECEIVES
        case _:
            pytest.fail(f"how is {ridden.storm} known to have troubled?")
