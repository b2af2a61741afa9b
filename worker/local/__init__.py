"""The embedded AWS and simulated vendors: for demo, dev, tests and benchmarks."""
