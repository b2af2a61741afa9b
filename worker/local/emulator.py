"""The embedded AWS's server: runs in a process of its own."""

from __future__ import annotations

import asyncio
import os
import socket
from importlib import import_module
from pathlib import Path

from worker.local.process import Report

HOST = "127.0.0.1"
_FOREIGN = ("AWS_", "MINISTACK_", "LOCALSTACK_", "S3_", "SERVICES", "PERSIST_STATE", "USE_SSL", "EDGE_PORT", "TMPDIR")


def serve(report: Report, folder: Path) -> None:
    """Serve ministack on a free port of loopback, report that port, and never return; files go to `folder`."""
    listener = socket.create_server((HOST, 0))  # we hold the port from here: nobody can take it before ministack does
    port = listener.getsockname()[1]
    _set_environment(port, folder)
    report(port)
    asyncio.run(_serve(listener))


def _set_environment(port: int, folder: Path) -> None:
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]  # settings of another emulator, and the developer's own AWS
    os.environ |= {
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,  # in queue URLs
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "SFTP_ENABLED": "0",  # no further ports
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",  # it would stop containers of another ministack
    }


async def _serve(listener: socket.socket) -> None:
    app = import_module("ministack.app").app  # reads the environment while it is imported
    hypercorn = import_module("hypercorn.asyncio")
    config = import_module("hypercorn.config").Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    # A trigger of our own, for without one it takes over SIGINT and SIGTERM.
    await hypercorn.serve(app, config, shutdown_trigger=asyncio.Event().wait)
