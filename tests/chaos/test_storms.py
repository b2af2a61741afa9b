"""The short form of `python -m benchmarks.chaos`: real worker processes in trouble, and what SQS and the vendor saw.

Slow, about two and a half minutes in all: a message that a dead worker held comes again only when its visibility ends.
"""

from __future__ import annotations

import pytest

from benchmarks.chaos.ride import Ride, ride
from benchmarks.chaos.storms import LEAST_RECEIVES, STORMS, Storm
from worker.local.stack import EmbeddedAws

pytestmark = pytest.mark.chaos

SECONDS = 10.0  # of trouble
CAUSES = {  # that a duplicate may have, beside those that every storm has
    "kill": {"killed before the delete"},
    "deploy": set[str](),
    "freeze": {"lease lost: the worker stood still"},
    "sqs_away": {"lease lost: SQS calls failed"},
    "sqs_moody": {"lease lost: SQS calls failed", "two messages of one key"},
    "vendor_moody": {"no answer from the vendor"},
    "poison": {"killed before the delete"},
}


@pytest.mark.parametrize("storm", STORMS, ids=lambda storm: storm.name)
async def test_nothing_is_lost(embedded_aws: EmbeddedAws, unique_name: str, storm: Storm) -> None:
    """Each message ends delivered or buried, and whatever was done twice has a cause that this storm may have."""
    ridden = await ride(embedded_aws, storm, unique_name, SECONDS)
    told = ridden.judgement
    assert [str(violation) for violation in told.violations[:1]] == []
    assert ridden.lost == 0
    assert set(told.duplicates) <= CAUSES[storm.name]
    check_trouble(ridden)


def check_trouble(ridden: Ride) -> None:
    """The trouble was really there: a storm that troubles nobody proves nothing."""
    told = ridden.judgement
    assert told.published >= 400
    match ridden.storm:
        case "kill":
            assert told.published >= 900
            assert ridden.deaths >= 3
        case "deploy":
            assert ridden.stops >= 3
        case "poison":
            assert ridden.deaths == LEAST_RECEIVES
            assert told.redriven >= 1  # SQS takes along some of what was received with it
        case "freeze":
            assert told.duplicates
        case "sqs_away" | "sqs_moody":
            assert ridden.disturbed
    if ridden.storm != "poison":
        assert (told.delivered, told.buried) == (told.published, 0)
