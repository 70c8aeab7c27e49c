"""Reminders of an agreement's own, a round for each board meeting, and the day a contact was confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("agreement", sa.Column("policy", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("decision_step", sa.Column("round", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.add_column("contact_assignment", sa.Column("confirmed_on", sa.Date(), nullable=True))
