"""Add the probes and the current clamps of an installation."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "Probe",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("offset", sa.Float(), nullable=False),
        sa.Column("since_ts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_Probe")),
        sa.UniqueConstraint("role", name=op.f("uq_Probe_role")),
    )
    op.create_table(
        "Channel",
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("input", sa.Integer(), nullable=True),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("volts", sa.Float(), nullable=False),
        sa.Column("power_factor", sa.Float(), nullable=False),
        sa.Column("gate_amps", sa.Float(), nullable=True),
        sa.Column("idle_amps", sa.Float(), nullable=True),
        sa.Column("idle_spread", sa.Float(), nullable=True),
        sa.Column("running_amps", sa.Float(), nullable=True),
        sa.Column("learned_ts", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_Channel")),
    )
    op.create_table(
        "Idle",
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("ts", sa.Integer(), nullable=False),
        sa.Column("amps", sa.Float(), nullable=False),
        sa.Column("spread", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_Idle")),
    )


def downgrade() -> None:
    op.drop_table("Idle")
    op.drop_table("Channel")
    op.drop_table("Probe")
