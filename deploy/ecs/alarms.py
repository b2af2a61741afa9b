"""What wakes somebody."""

from __future__ import annotations

from aws_cdk import aws_lambda

from deploy.ecs.alarm import Metric, Rule, add_alarm
from deploy.ecs.logical import logical
from deploy.ecs.site import Site

_QUARTER = 900  # seconds
_NEVER = 1_000_000  # of tasks: only silence is above it
_SNS = {
    "failed": "Failed",
    "lost": "FailedToRedriveToDlq",
    "bad-attributes": "FilteredOut-InvalidAttributes",
    "bad-bodies": "FilteredOut-InvalidMessageBody",
}


def add_alarms(site: Site, scaler: aws_lambda.CfnFunction) -> None:
    """Of vendors, topics, pools and the scaler."""
    for vendor in site.topology.vendors:
        _watch_queues(site, vendor)
        _watch_vendor(site, vendor)
    for topic in site.topics:
        where = {"TopicName": site.names.topic(topic)}
        for kind, what in _SNS.items():
            add_alarm(site, topic, kind, Metric("AWS/SNS", f"NumberOfNotifications{what}", where, "Sum"))
    for pool in site.pools:
        _watch_pool(site, pool)
    errors = Metric("AWS/Lambda", "Errors", {"FunctionName": scaler.ref}, "Sum")
    add_alarm(site, "scaler", "errors", errors, Rule(times=3))


def _watch_queues(site: Site, vendor: str) -> None:
    names, entry = site.names, site.topology.vendors[vendor]
    for kind, queue in (("dead-letters", names.dead_letters(vendor)), ("undelivered", names.undelivered(vendor))):
        add_alarm(site, vendor, kind, Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue}))
    add_alarm(
        site,
        vendor,
        "late",
        Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": names.queue(vendor)}),
        Rule(entry.scaling.latency_goal.total_seconds(), times=3, enabled=not entry.paused),
    )


def _watch_vendor(site: Site, vendor: str) -> None:
    def own(metric: str, statistic: str = "Maximum") -> Metric:
        pool = site.topology.vendors[vendor].pool
        return Metric(site.names.metrics, metric, {"vendor": vendor, "pool": pool}, statistic)

    add_alarm(site, vendor, "blocked", own("VendorBlocked"))
    add_alarm(site, vendor, "limiter-degraded", own("LimiterDegraded"), Rule(times=3))
    add_alarm(site, vendor, "vendor-bound", own("VendorBound"), Rule(times=10))
    add_alarm(site, vendor, "crashes", own("PipelineCrashes", "Sum"))


def _watch_pool(site: Site, pool: str) -> None:
    where = {"pool": pool}
    starts = Metric(site.names.metrics, "WorkerStarts", where, "Sum", _QUARTER)
    add_alarm(site, pool, "restarts", starts, Rule(2 * site.topology.pools[pool].max_tasks))
    required = Metric(site.names.metrics, "RequiredTasks", where)
    unscaled = add_alarm(site, pool, "unscaled", required, Rule(_NEVER, times=5, silence="breaching"))
    # Made before, each new pool would begin with an alarm: until its service runs, the scaler has told of it.
    earlier = ("EachMinuteMayCall", logical("Follow", pool))
    unscaled.node.add_dependency(*(site.stack.node.find_child(name) for name in earlier))
