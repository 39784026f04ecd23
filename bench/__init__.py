"""The benchmarks and scores behind docs/performance.md."""
