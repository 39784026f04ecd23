"""Add the roll-ups: ten minutes, an hour, six hours, a local day. process_phase fills them from the minutes kept."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = ("TenMinutes", "Hour", "SixHours", "Day")


def upgrade() -> None:
    for table in TABLES:
        op.create_table(
            table,
            sa.Column("ts", sa.Integer(), nullable=False),
            sa.Column("minutes", sa.Integer(), nullable=True),
            sa.Column("temp0_min", sa.Integer(), nullable=True),
            sa.Column("temp0_max", sa.Integer(), nullable=True),
            sa.Column("temp0_mean", sa.Integer(), nullable=True),
            sa.Column("temp0_count", sa.Integer(), nullable=True),
            sa.Column("temp1_min", sa.Integer(), nullable=True),
            sa.Column("temp1_max", sa.Integer(), nullable=True),
            sa.Column("temp1_mean", sa.Integer(), nullable=True),
            sa.Column("temp1_count", sa.Integer(), nullable=True),
            sa.Column("temp2_min", sa.Integer(), nullable=True),
            sa.Column("temp2_max", sa.Integer(), nullable=True),
            sa.Column("temp2_mean", sa.Integer(), nullable=True),
            sa.Column("temp2_count", sa.Integer(), nullable=True),
            sa.Column("temp3_min", sa.Integer(), nullable=True),
            sa.Column("temp3_max", sa.Integer(), nullable=True),
            sa.Column("temp3_mean", sa.Integer(), nullable=True),
            sa.Column("temp3_count", sa.Integer(), nullable=True),
            sa.Column("watt0_seconds", sa.Integer(), nullable=True),
            sa.Column("watt0_count", sa.Integer(), nullable=True),
            sa.Column("watt1_seconds", sa.Integer(), nullable=True),
            sa.Column("watt1_count", sa.Integer(), nullable=True),
            sa.Column("watt2_seconds", sa.Integer(), nullable=True),
            sa.Column("watt2_count", sa.Integer(), nullable=True),
            sa.Column("watt3_seconds", sa.Integer(), nullable=True),
            sa.Column("watt3_count", sa.Integer(), nullable=True),
            sa.Column("phase0", sa.Integer(), nullable=True),
            sa.Column("phase6", sa.Integer(), nullable=True),
            sa.Column("phase7", sa.Integer(), nullable=True),
            sa.Column("phase8", sa.Integer(), nullable=True),
            sa.Column("phase9", sa.Integer(), nullable=True),
            sa.Column("phase10", sa.Integer(), nullable=True),
            sa.Column("phase11", sa.Integer(), nullable=True),
            sa.Column("phase12", sa.Integer(), nullable=True),
            sa.Column("ignitions", sa.Integer(), nullable=True),
            sa.Column("runs", sa.Text(), nullable=True),
            sa.PrimaryKeyConstraint("ts", name=op.f(f"pk_{table}")),
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
