"""Benchmarks against the peers, as ratios within one run: `make bench`."""
