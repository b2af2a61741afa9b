"""What an alarm says at three in the morning: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

ADVICE: Mapping[str, str] = {
    "dead-letters": (
        "Messages were buried. Their attribute sluice-burial says why; one without it was received too often, as "
        "by workers that it killed. Correct the cause, then redrive the queue."
    ),
    "undelivered": (
        "SNS could not put messages into the vendor's queue. Run sluice check --aws to see what was changed "
        "there, deploy again, then redrive this queue to the vendor's."
    ),
    "late": (
        "The oldest message is older than latency_goal. The blocked, vendor-bound and unscaled alarms may say "
        "why; so does sluice limits. Else the pool is at max_tasks, or its tasks do not start: see the service's "
        "events."
    ),
    "blocked": (
        "The vendor refuses us: key, billing or permission. Nothing is lost, its messages wait. The logs' "
        "vendor.blocked tells more; settle it with the vendor, and a probe opens within minutes."
    ),
    "limiter-degraded": (
        "Tasks cannot reach the state table: each keeps to a safe share of the limit. See DynamoDB's status and "
        "the logs' table.call_failed. It mends itself when the table answers."
    ),
    "vendor-bound": (
        "More comes than the vendor's limit lets through in time. More tasks would not help and are not started: "
        "buy quota from the vendor, then raise rate and deploy."
    ),
    "crashes": (
        "The vendor's pipeline crashed and began anew; other vendors go on. The logs' pipeline.crashed names the "
        "error: most likely the adapter, or what was deployed last. Roll back."
    ),
    "failed": (
        "SNS could not deliver to a queue. The undelivered alarms say to which, and those queues hold the messages."
    ),
    "lost": (
        "SNS LOST messages: neither queue nor undelivered queue took them. Run sluice check --aws, deploy again, "
        "and publish anew what was published since."
    ),
    "bad-attributes": (
        "Messages reached nobody: SNS cannot read their attributes. Find the publisher, correct it, and publish "
        "them anew."
    ),
    "bad-bodies": (
        "Messages reached nobody: a vendor filters by the body, and theirs is no JSON. Find the publisher, "
        "correct it, and publish them anew."
    ),
    "restarts": (
        "More tasks start than scaling and one deploy explain: they die. See why in the service's stopped tasks "
        "and the pool's last log lines. Roll back what was deployed last."
    ),
    "unscaled": (
        "The scaler has told nothing for five minutes: the service stays as it is. See its log lines, errors and "
        "throttles; meanwhile scale by hand: aws ecs update-service --desired-count."
    ),
    "errors": "The scaler fails for some pool, which stays as it is. Its log lines name pool and cause.",
}
