"""The CDK app: one stack, of one topology, without assets."""

from __future__ import annotations

from aws_cdk import App, BootstraplessSynthesizer, Stack

from deploy.ecs.acknowledged import acknowledge
from deploy.ecs.alarms import add_alarms
from deploy.ecs.alarmtopic import add_alarm_topic
from deploy.ecs.bucket import add_bucket
from deploy.ecs.dashboard import add_dashboard
from deploy.ecs.function import add_scaler
from deploy.ecs.logs import add_logs
from deploy.ecs.network import add_network
from deploy.ecs.outputs import add_outputs
from deploy.ecs.parameters import Parameters
from deploy.ecs.queues import add_queues
from deploy.ecs.roles import add_roles
from deploy.ecs.scaling import add_scaling
from deploy.ecs.services import Place, add_cluster, add_service
from deploy.ecs.site import Site
from deploy.ecs.table import add_table
from deploy.ecs.task import add_task
from deploy.ecs.topics import add_topics
from worker.settings import Topology


def build(app: App, topology: Topology, text: str) -> Stack:
    """Add the stack of a topology; `text` is its file's."""
    stack = Stack(
        app,
        "Sluice",
        description=f"Sluice: {topology.sluice.name}",
        synthesizer=BootstraplessSynthesizer(),
        analytics_reporting=False,
    )
    fill(Site.of(stack, topology, text))
    return stack


def fill(site: Site) -> None:
    """Add all resources: what holds messages, then what works on them, then what looks on."""
    parameters = Parameters.of(site.stack)
    add_topics(site)
    add_bucket(site)
    add_table(site)
    add_queues(site)
    logs = add_logs(site, parameters)
    roles = add_roles(site, parameters, logs.attr_arn)
    network = add_network(site, parameters)
    cluster = add_cluster(site)
    for pool in site.pools:
        task = add_task(site, parameters, roles, logs.ref, pool)
        service = add_service(site, Place(cluster, network), task, pool)
        add_scaling(site, cluster, service, pool)
    scaler = add_scaler(site, parameters, roles, logs.ref)
    add_alarm_topic(site, parameters)
    add_alarms(site, scaler)
    add_dashboard(site)
    add_outputs(site)
    acknowledge(site)
