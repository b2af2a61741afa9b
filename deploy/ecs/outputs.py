"""What the stack tells of itself."""

from __future__ import annotations

from aws_cdk import CfnOutput, Fn

from deploy.ecs.bucket import BUCKET
from deploy.ecs.logical import logical
from deploy.ecs.site import ALARM_TOPIC, Site, queue_id
from deploy.ecs.table import TABLE

_SHARED = {"ClusterName": "Cluster", "LogGroupName": "Logs", "AlarmTopicArn": ALARM_TOPIC, "DashboardName": "Dashboard"}


def add_outputs(site: Site) -> None:
    """URLs of queues, ARNs of topics and of the producers' policy, and the names of what there is one of."""
    for vendor in site.topology.vendors:
        queue = queue_id(site.names, site.names.queue(vendor))
        _tell(site, f"UrlOf{queue}", queue)
    for topic in site.topics:
        _tell(site, f"ArnOf{logical('Topic', topic)}", logical("Topic", topic))
    _tell(site, "TableName", TABLE)
    if site.topology.sluice.bucket:
        _tell(site, "BucketName", BUCKET)
    for name, resource in _SHARED.items():
        _tell(site, name, resource)
    _tell(site, "ProducerPolicyArn", "ProducerPolicy")


def _tell(site: Site, name: str, resource: str) -> None:
    CfnOutput(site.stack, name, value=Fn.ref(resource))
