"""Chaudiere's application: the domain, the store, the jobs and the pages."""
