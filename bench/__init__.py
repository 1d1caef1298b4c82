"""What docs/benchmarks.md reports, runnable: `make bench`, or `make bench BENCH="latency scaling"` for some of it."""
