"""Settings of one installation, and what cron and supervisor start."""
