"""The domain, pure: what a row, a minute, a phase, a fault and an alert are."""
