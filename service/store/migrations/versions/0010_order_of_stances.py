"""Stances are numbered in the order they were taken; until now the order was that of ids, which follow the machine's clock."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("stance", sa.Column("seq", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.execute(
        "UPDATE stance SET seq = "
        "(SELECT count(*) FROM stance AS earlier WHERE earlier.version_id = stance.version_id AND earlier.id <= stance.id)"
    )
    op.create_index("uq_stance_version_seq", "stance", ["version_id", "seq"], unique=True)
