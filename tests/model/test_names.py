"""What AWS resources are called."""

from __future__ import annotations

from worker.model.names import Names

NAMES = Names("messaging")


def test_every_resource_has_a_name_of_its_own_under_the_prefix() -> None:
    """Topic, queue, both dead-letter queues, bucket, table, metrics."""
    made = [
        NAMES.topic("outgoing"),
        NAMES.queue("foo"),
        NAMES.dead_letters("foo"),
        NAMES.undelivered("foo"),
        NAMES.bucket("123456789012", "eu-central-1"),
        NAMES.table,
        NAMES.metrics,
    ]
    assert made == [
        "messaging-outgoing",
        "messaging-foo",
        "messaging-foo-dlq",
        "messaging-foo-undelivered",
        "messaging-claims-123456789012-eu-central-1",
        "messaging-state",
        "Sluice/messaging",
    ]


def test_names_fit_into_what_aws_takes() -> None:
    """With a prefix of 27 and a vendor of 40 characters a queue has SQS's 80; a bucket S3's 63 in any region."""
    names = Names("p" * 27)
    assert len(names.undelivered("v" * 40)) <= 80
    assert len(names.bucket("1" * 12, "ap-northeast-1")) <= 63
