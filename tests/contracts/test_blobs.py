"""What Blobs promises, in memory and on S3."""

from __future__ import annotations

import dataclasses

import pytest

from worker.model.errors import BadMessageError
from worker.ports import Blobs


async def test_what_is_put_can_be_got(blobs: Blobs) -> None:
    """Bytes come back as they were, and two puts never share a place."""
    data = bytes(range(256)) * 2_000
    first, second = await blobs.put(data), await blobs.put(b"")
    assert first != second
    assert (await blobs.get(first), await blobs.get(second)) == (data, b"")


async def test_a_bucket_that_is_not_ours_is_not_read(blobs: Blobs) -> None:
    """A pointer may come from anyone who can send a message."""
    pointer = dataclasses.replace(await blobs.put(b"x"), bucket="somebody-elses")
    with pytest.raises(BadMessageError) as refused:
        await blobs.get(pointer)
    assert refused.value.code == "claim_bucket"


async def test_an_object_that_is_not_there_is_a_bad_message(blobs: Blobs) -> None:
    """Trying again cannot bring it back."""
    pointer = dataclasses.replace(await blobs.put(b"x"), key="gone")
    with pytest.raises(BadMessageError) as refused:
        await blobs.get(pointer)
    assert refused.value.code == "claim_missing"
