"""Which of all running tasks this one is."""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Mapping

_FARGATE = re.compile(r"([0-9a-f]{32})-[0-9]+")  # the task's id, a dash, the container's number


def task_id(environ: Mapping[str, str]) -> str:
    """ECS's id of this task, else one that no other process has: a new one at each call, so ask once.

    Fargate's metadata endpoint ends in the task's id and a number; on EC2 it ends in an id of the container's own.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate-examples.html
    """
    end = environ.get("ECS_CONTAINER_METADATA_URI_V4", "").rpartition("/")[2]
    if found := _FARGATE.fullmatch(end):
        return found[1]
    return end or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
