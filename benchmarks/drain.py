"""What a drained message costs beside a floor: CPU, throughput, SQS calls, memory."""

from __future__ import annotations

import asyncio, sys
from functools import partial
from datetime import timedelta
from benchmarks import floor, production, sink
from benchmarks.emulator import emulator, way_to
from benchmarks.queues import fill, Load, left
from worker.local.process import Process
from time import monotonic

async def main(messages, runs):
    async with emulator() as e, Process("sink", sink.serve) as s:
        print(e)
        for r in range(runs):
            for side in (floor, production):
                prefix=f"drain-{r}-{side.__name__.split('.')[-1]}"
                t=monotonic()
                await fill(e.endpoint, prefix, Load(messages))
                f=monotonic()-t
                async with Process(prefix, partial(side.drain, endpoint=e.endpoint, sink=s.reported, prefix=prefix, messages=messages), ready_within=timedelta(minutes=5)) as p:
                    d=p.reported
                async with way_to(e.endpoint) as aws:
                    l = await left(aws, prefix)
                print(f"{prefix:24} fill {f:.1f}s cpu {d.cpu_per_message:.0f} us rate {d.rate:.0f}/s calls {d.calls_per_message:.3f} rss {d.megabytes:.0f} left {l}", flush=True)

if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
