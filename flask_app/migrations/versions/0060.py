"""Let a user end sessions, use a second factor, and give scripts tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "EndedSession",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("until_ts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_EndedSession")),
    )
    op.create_table(
        "Token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("created_ts", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_Token")),
        sa.UniqueConstraint("sha256", name=op.f("uq_Token_sha256")),
    )
    with op.batch_alter_table("User", schema=None) as batch_op:
        batch_op.add_column(sa.Column("epoch", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("totp", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("totp_step", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("User", schema=None) as batch_op:
        batch_op.drop_column("totp_step")
        batch_op.drop_column("totp")
        batch_op.drop_column("epoch")
    op.drop_table("Token")
    op.drop_table("EndedSession")
