"""The jobs that cron and supervisor start: each asks the store, calls the domain, writes."""
