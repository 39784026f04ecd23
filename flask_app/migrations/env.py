"""What Alembic runs: the migrations, on the writer's engine, each upgrade in one transaction."""

from __future__ import annotations

from alembic import context
from flask import current_app

from flask_app.models import db

with db.engines["writer"].connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        # A migration killed half-way leaves the old schema: SQLite's DDL is transactional once BEGIN is sent.
        transactional_ddl=True,
        **current_app.extensions["migrate"].configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()
