"""An SNS that can be told what to answer, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from aiohttp import web

Entries = list[dict[str, str]]


class FakeSns:
    """Answers PublishBatch over HTTP; `answer(call, entries)` decides, calls count from 1."""

    ARN = "arn:aws:sns:us-east-1:000000000000:messages"

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[Entries] = []
        self.called = asyncio.Event()
        self.open = asyncio.Event()  # cleared: it does not answer
        self.open.set()
        self.answer: Callable[[int, Entries], web.Response] = lambda _call, entries: self.taken(entries)

    def taken(self, entries: Entries, failed: dict[str, tuple[str, bool]] | None = None) -> web.Response:
        """Take all entries but those `failed`: body → code, and whether it is the sender's fault."""
        wrong = failed or {}
        good = "".join(
            f"<member><Id>{entry['Id']}</Id><MessageId>m-{entry['Id']}</MessageId></member>"
            for entry in entries
            if entry["Message"] not in wrong
        )
        bad = "".join(
            f"<member><Id>{entry['Id']}</Id><Code>{wrong[entry['Message']][0]}</Code><Message>why</Message>"
            f"<SenderFault>{str(wrong[entry['Message']][1]).lower()}</SenderFault></member>"
            for entry in entries
            if entry["Message"] in wrong
        )
        return _xml(
            f"<PublishBatchResponse><PublishBatchResult><Successful>{good}</Successful><Failed>{bad}</Failed>"
            "</PublishBatchResult></PublishBatchResponse>"
        )

    def error(self, code: str, status: int) -> web.Response:
        """Refuse the whole call."""
        return _xml(f"<ErrorResponse><Error><Code>{escape(code)}</Code></Error></ErrorResponse>", status)

    async def serve(self, request: web.Request) -> web.Response:
        """Note the call's entries and answer."""
        form = parse_qs((await request.read()).decode())
        start = "PublishBatchRequestEntries.member."
        count = len([name for name in form if name.startswith(start) and name.endswith(".Id")])
        entries = [
            {
                name.removeprefix(f"{start}{number}."): values[0]
                for name, values in form.items()
                if name.startswith(f"{start}{number}.")
            }
            for number in range(1, count + 1)
        ]
        self.calls.append(entries)
        self.called.set()
        await self.open.wait()
        return self.answer(len(self.calls), entries)


def _xml(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/xml")
