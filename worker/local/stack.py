"""The embedded AWS: ministack on a free port of loopback, for demo, dev, tests and benchmarks."""

from __future__ import annotations

import os
import tempfile
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import aiohttp

from worker.aws.session import Aws, Credentials
from worker.local.emulator import HOST, serve
from worker.local.process import Process, ProcessError, Scratch
from worker.model.errors import ConfigurationError

_REGION = "us-east-1"
_CREDENTIALS = Credentials("test", "test")
_READY_WITHIN = timedelta(seconds=30)


class EmbeddedAws:
    """An AWS of our own for as long as it is entered; it leaves neither process nor file, even if we are killed.

    Raises ConfigurationError where ministack is not installed, ProcessError where it does not start.
    """

    def __init__(self) -> None:
        self.endpoint = ""  # known once entered, like the next
        self.pid: int | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if find_spec("ministack") is None:
            raise ConfigurationError("the embedded AWS is not installed: pip install '.[demo]' in a clone of Sluice")
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-aws-")))
            process = Process(
                "the embedded AWS", partial(serve, folder=folder), scratch=Scratch(folder), ready_within=_READY_WITHIN
            )
            await stack.enter_async_context(process)
            self.pid = process.pid
            self.endpoint = f"http://{HOST}:{process.reported}"
            await self._health(process)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._stack.aclose()

    def aws(self) -> Aws:
        """The way to it, whatever the environment and the AWS profiles say."""
        return Aws(region=_REGION, endpoint=self.endpoint, credentials=_CREDENTIALS)

    @property
    def environment(self) -> dict[str, str]:
        """What leads any AWS SDK to it; AWS_PROFILE must not be set beside."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": _CREDENTIALS.access_key,
            "AWS_SECRET_ACCESS_KEY": _CREDENTIALS.secret_key,
            "AWS_REGION": _REGION,
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    async def _health(self, process: Process) -> None:
        # The port listens already, so that this one request is answered as soon as ministack is.
        timeout = aiohttp.ClientTimeout(total=_READY_WITHIN.total_seconds())
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{self.endpoint}/_ministack/health", raise_for_status=True),
            ):
                return
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ProcessError(f"the embedded AWS did not start{process.last_words()}") from error
