"""Keep what the household notes of a moment."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "Annotation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ts", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_Annotation")),
    )
    with op.batch_alter_table("Annotation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_Annotation_ts"), ["ts"], unique=False)


def downgrade() -> None:
    op.drop_table("Annotation")
