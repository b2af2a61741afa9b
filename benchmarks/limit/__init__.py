"""How well a limit is kept and used, alone and by a fleet: `python -m benchmarks.limit`."""
