"""Where publications go, and which may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from worker.aws.arns import Place
from worker.publish.entry import Entry
from worker.publish.faults import InvalidEntryError
from worker.publish.route import route_of
from worker.settings import Topology

PLACE = Place("123456789012", "eu-west-1")
LARGE = "x" * 300_000
BODY = {"filter": {"kind": ["a"]}, "filter_scope": "body"}


def test_topics_are_found_by_name(topology: Callable[..., Topology]) -> None:
    """The default topic, those of vendors, and any ARN."""
    made = topology(a={}, b={"topic": "other"})
    route, name = route_of(made, PLACE), made.sluice.name
    assert route.prepare(Entry("b"))[0] == f"arn:aws:sns:eu-west-1:123456789012:{name}-messages"
    assert route.prepare(Entry("b", topic="other"))[0] == f"arn:aws:sns:eu-west-1:123456789012:{name}-other"
    assert route.prepare(Entry("b", topic="arn:aws:sns:eu-west-1:1:z"))[0] == "arn:aws:sns:eu-west-1:1:z"


def test_an_unknown_topic_is_refused_with_the_nearest(topology: Callable[..., Topology]) -> None:
    """A wrong topic never becomes a call to AWS."""
    with pytest.raises(InvalidEntryError, match="did you mean 'messages'"):
        route_of(topology(a={}), PLACE).prepare(Entry("b", topic="message"))


def test_a_large_body_without_a_bucket_names_the_setting(topology: Callable[..., Topology]) -> None:
    """The way out stands in the error."""
    with pytest.raises(InvalidEntryError, match=r"\[sluice\] bucket = true"):
        route_of(topology(a={}), PLACE).prepare(Entry(LARGE))


def test_a_claim_check_is_refused_where_a_body_filter_is_subscribed(topology: Callable[..., Topology]) -> None:
    """The pointer would never match: the error names the vendor that would miss the message."""
    route = route_of(topology(bucket=True, seen={}, blind=BODY), PLACE)
    with pytest.raises(InvalidEntryError, match="vendor blind"):
        route.prepare(Entry(LARGE))
    route.prepare(Entry("small"))


def test_a_body_filter_on_another_topic_does_not_matter(topology: Callable[..., Topology]) -> None:
    """Only the subscribers of the message's own topic count; a filter scope without a filter is no filter."""
    route = route_of(topology(bucket=True, a={"filter_scope": "body"}, blind={**BODY, "topic": "other"}), PLACE)
    assert route.prepare(Entry(LARGE))[1].needs_claim
    with pytest.raises(InvalidEntryError, match="vendor blind"):
        route.prepare(Entry(LARGE, topic=route.topics["other"].arn))


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_arns_are_of_the_region_s_partition(topology: Callable[..., Topology], region: str, partition: str) -> None:
    """China and GovCloud have ARNs of their own."""
    arn, _ = route_of(topology(a={}), Place("1", region)).prepare(Entry("b"))
    assert arn.startswith(f"arn:{partition}:sns:{region}:1:")
