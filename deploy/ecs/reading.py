"""A topology as a stack needs it."""

from __future__ import annotations

from pathlib import Path

from worker.model.errors import ConfigurationError
from worker.ops.check import check
from worker.settings import Topology, load
from worker.settings.platform import MARK


def read(path: Path, text: str | None = None) -> tuple[Topology, str]:
    """Read and check a file as a task on ECS will; returns its text too, which the task is given.

    With a `text` it stands for the file. Neither variables nor flags count: a task would not have them. Raises
    ConfigurationError.
    """
    topology = load(path, environ={MARK: "synthesis"}, text=text)
    check(topology).require()
    if not topology.sluice.table:
        raise ConfigurationError(
            f"{path}: [sluice] table = true is needed on ECS: tasks share limits there, and the scaler sees who works"
        )
    return topology, path.read_text("utf-8") if text is None else text
