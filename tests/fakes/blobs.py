"""Claim checks in memory."""

from __future__ import annotations

import uuid

from tests.fakes.faults import Faults
from worker.model.errors import BadMessageError
from worker.ports import Pointer


class MemoryBlobs:
    """Objects in one bucket of ours; `faults` knows the operations get and put."""

    def __init__(self, bucket: str = "claims") -> None:
        self.faults = Faults()
        self.objects: dict[Pointer, bytes] = {}
        self._bucket = bucket

    async def get(self, pointer: Pointer) -> bytes:
        await self.faults.meet("get")
        if pointer.bucket != self._bucket:
            raise BadMessageError("claim check: its bucket is not ours", code="claim_bucket")
        if pointer not in self.objects:
            raise BadMessageError("claim check: its object is not there", code="claim_missing")
        return self.objects[pointer]

    async def put(self, data: bytes) -> Pointer:
        await self.faults.meet("put")
        pointer = Pointer(self._bucket, str(uuid.uuid4()))
        self.objects[pointer] = data
        self.faults.answer("put")
        return pointer
