"""What differs from one story to the next: the entry of the topology."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st

from worker.model.rate import Rate, parse_rate
from worker.pipeline.dedup import Mode

VISIBILITY = timedelta(seconds=30)
RECEIVES = 10  # maxReceiveCount
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Setting:
    """`remembers`: failed attempts are counted in a table, that outlives processes."""

    dedup: Mode | None = None
    idempotent: bool = False
    bury_ambiguous: bool = False
    batch: int = 1
    concurrency: int = 2
    receivers: int = 1
    rate: Rate | None = None
    rate_per_key: Rate | None = None
    remembers: bool = False
    longest: float | None = None  # seconds of a vendor request; None: it may hang


SETTINGS = st.builds(
    Setting,
    dedup=st.sampled_from([None, Mode.REDELIVERY, Mode.STRICT]),
    idempotent=st.booleans(),
    bury_ambiguous=st.booleans(),
    batch=st.sampled_from([1, 3]),
    concurrency=st.sampled_from([1, 2, 5]),
    receivers=st.sampled_from([1, 2]),
    rate=st.sampled_from([None, parse_rate("2/s"), parse_rate(["3/s", "20/min"])]),
    rate_per_key=st.sampled_from([None, parse_rate("3/min")]),
    remembers=st.booleans(),
    longest=st.sampled_from([None, 25.0]),
)
