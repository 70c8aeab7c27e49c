"""Mails that come in, and the files with them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

STATE = ("filed", "set_aside")
REASON = ("automatic", "loop", "flood", "stranger", "bounce", "delayed")


def upgrade() -> None:
    op.create_table(
        "received_mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", _choice(STATE, "incoming_state"), nullable=False),
        sa.Column("reason", _choice(REASON, "incoming_reason"), nullable=True),
        sa.Column("answers_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("assignment_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["answers_id"], ["message.id"], name=op.f("fk_received_mail_answers_id_message")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_received_mail_agreement_id_agreement")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_received_mail_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["contact_assignment.id"], name=op.f("fk_received_mail_assignment_id_contact_assignment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_mail")),
        sa.UniqueConstraint("message_id", name=op.f("uq_received_mail_message_id")),
    )
    op.create_index("ix_received_sender", "received_mail", ["sender", "received_at"], unique=False)
    op.create_index("ix_received_agreement", "received_mail", ["agreement_id"], unique=False)
    op.create_table(
        "received_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["received_mail.id"], name=op.f("fk_received_file_mail_id_received_mail")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_file")),
        sa.UniqueConstraint("mail_id", "position", name=op.f("uq_received_file_mail_id_position")),
    )


def _choice(values: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)
