"""Answers that nobody has saved yet: a text that only saved itself is not finished.

For a while this column was written into 0001, so databases that began in those days have it already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    if "finished" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("answer")}:
        op.add_column("answer", sa.Column("finished", sa.Boolean(), nullable=False, server_default=sa.true()))
