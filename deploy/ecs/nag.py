"""What cdk-nag's AWS Solutions rules find in a stack."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryDirectory

from aws_cdk import App
from cdk_nag import AwsSolutionsChecks

from deploy.ecs.app import build
from worker.settings import Topology


def findings(topology: Topology, text: str) -> Iterator[str]:
    """Each rule that is broken and not acknowledged, a line for each resource."""
    with TemporaryDirectory() as folder:
        app = App(analytics_reporting=False, outdir=folder)
        build(app, topology, text)
        report = AwsSolutionsChecks(app).validate_scope(app)
        for broken in report.violations:
            yield f"{broken.rule_name}: {broken.description}"
