"""Whose a received mail is, mails of known people about nothing we know, who is spared summaries, letters in own words."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

REASON = ("automatic", "loop", "flood", "stranger", "unmatched", "bounce", "delayed")


def upgrade() -> None:
    """SQLite makes a table anew to change its check, and may not drop one whose rows others name: the files step aside."""
    op.add_column("person", sa.Column("digests_off_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("CREATE TABLE received_file_aside AS SELECT * FROM received_file")
    op.execute("DELETE FROM received_file")
    with op.batch_alter_table("received_mail") as table:
        table.add_column(sa.Column("region_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")))
        table.create_foreign_key(op.f("fk_received_mail_region_id_organisation"), "organisation", ["region_id"], ["id"])
        table.drop_constraint(op.f("ck_received_mail_incoming_reason"), type_="check")
        table.create_check_constraint(op.f("ck_received_mail_incoming_reason"), sa.column("reason").in_(REASON))
    op.execute("INSERT INTO received_file SELECT * FROM received_file_aside")
    op.execute("DROP TABLE received_file_aside")
    op.execute(
        "UPDATE received_mail SET region_id = (SELECT region_id FROM agreement WHERE agreement.id = received_mail.agreement_id)"
    )
    op.create_table(
        "letter_text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["region_id"], ["organisation.id"], name=op.f("fk_letter_text_region_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_text")),
        sa.UniqueConstraint("region_id", "name", name=op.f("uq_letter_text_region_id_name")),
    )
