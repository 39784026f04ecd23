"""The life of an alert: who is told after whom, merged messages, runs of tries."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # ADD COLUMN one by one: the tables are not copied, so that a kill in between costs nothing.
    op.add_column("Delivery", sa.Column("told_by", sa.Integer(), nullable=True))
    op.create_index(
        "ix_Delivery_waiting", "Delivery", ["due_ts"], sqlite_where=sa.text("sent_ts IS NULL AND failed_ts IS NULL")
    )
    op.add_column("Attempt", sa.Column("tries", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.add_column("Attempt", sa.Column("until_ts", sa.Integer(), nullable=True))
    op.add_column("Attempt", sa.Column("balance", sa.Float(), nullable=True))
    for name in ("name", "language", "kinds", "quiet"):
        op.add_column("Recipient", sa.Column(name, sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("Recipient", sa.Column("position", sa.Integer(), nullable=False, server_default=sa.text("1")))


def downgrade() -> None:
    for name in ("position", "quiet", "kinds", "language", "name"):
        op.drop_column("Recipient", name)
    for name in ("balance", "until_ts", "tries"):
        op.drop_column("Attempt", name)
    op.drop_index("ix_Delivery_waiting", table_name="Delivery")
    op.drop_column("Delivery", "told_by")
