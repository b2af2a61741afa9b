"""What Sluice costs and keeps, measured: `python -m benchmarks.NAME`."""
