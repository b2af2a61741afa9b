"""Synthesises: a topology's text in, CloudFormation's JSON out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aws_cdk import App

from deploy.ecs.app import build
from deploy.ecs.quotas import require
from worker.settings import Topology

_CONTEXT = {  # what a `cdk` command would say otherwise in some versions: nothing of it belongs into the template
    "aws:cdk:enable-path-metadata": False,
    "aws:cdk:enable-asset-metadata": False,
    "aws:cdk:version-reporting": False,
    "@aws-cdk/core:stackResourceLimit": 0,  # none: `require` says it better
}


def synthesise(topology: Topology, text: str) -> str:
    """The template of a topology: the same for the same topology, byte by byte.

    Raises ConfigurationError where it is more than AWS takes of one stack.
    """
    with TemporaryDirectory() as folder:
        app = App(analytics_reporting=False, outdir=folder, context=_CONTEXT)
        stack = build(app, topology, text)
        app.synth()
        template = json.loads((Path(folder) / stack.template_file).read_text("utf-8"))
    require(template, topology, text)
    return written(template)


def written(template: Mapping[str, Any]) -> str:
    """A line for each resource: short enough to be sent along, and a change of one is a line of the diff."""
    return "{\n" + ",\n".join(_sections(template)) + "\n}\n"


def _sections(template: Mapping[str, Any]) -> Iterator[str]:
    for name, section in template.items():
        if isinstance(section, Mapping):
            lines = ",\n".join(f" {json.dumps(key)}: {_line(entry)}" for key, entry in section.items())
            yield f"{json.dumps(name)}: {{\n{lines}\n}}"
        else:
            yield f"{json.dumps(name)}: {_line(section)}"


def _line(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
