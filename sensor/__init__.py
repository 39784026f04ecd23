"""The sensor loop and what it reads: probes, current clamps, or the simulated boiler."""
