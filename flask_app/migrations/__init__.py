"""Alembic's migrations of the schema (Flask-Migrate)."""
