"""Tests of the benchmarks and scores."""
