"""When the reminders look at an agreement again; all are looked at once after this."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("agreement", sa.Column("look_on", sa.Date(), nullable=True))
    op.add_column("agreement", sa.Column("looked_on", sa.Date(), nullable=True))
    proposed = sa.text("proposed_at IS NOT NULL")
    op.create_index("ix_agreement_look_on", "agreement", ["look_on"], sqlite_where=proposed, postgresql_where=proposed)
    op.create_index("ix_agreement_looked_on", "agreement", ["looked_on"])
