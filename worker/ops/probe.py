"""Asks a worker's health server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from worker.model.errors import ConfigurationError
from worker.settings import Topology

_SECONDS = 5.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - where to ask what listens everywhere


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said, or why nothing was heard."""

    ok: bool
    text: str


def live_url(topology: Topology) -> str:
    """Where the topology's worker tells whether it is alive; raises ConfigurationError where it does not."""
    sluice = topology.sluice
    if sluice.health_port == 0:
        raise ConfigurationError(
            "[sluice] health_port is 0: there is no health server (`sluice health --url` asks another)"
        )
    host = _ANYWHERE.get(sluice.health_host, sluice.health_host)
    return f"http://{f'[{host}]' if ':' in host else host}:{sluice.health_port}/live"


async def probe(url: str) -> Answer:
    """GET a URL, without proxies; raises ConfigurationError if it is none."""
    parts = _read(url)
    # stdlib: a health check runs every few seconds and should cost little to start
    return await asyncio.to_thread(_get, parts)


def _read(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or a bracket that is none
        usable = False
    if not usable or not url.isascii():
        raise ConfigurationError(f"{url} is not a URL: write such as http://127.0.0.1:8080/live")
    return parts


def _get(parts: SplitResult) -> Answer:
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_SECONDS)
    try:
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        response = connection.getresponse()
        body = response.read(65_536).decode("utf-8", "replace").strip()
        return Answer(200 <= response.status < 300, f"{response.status} {body}".strip())
    except (OSError, HTTPException) as error:
        return Answer(False, f"{parts.geturl()} does not answer: {error or type(error).__name__}")
    finally:
        connection.close()
