"""Guests of a dialogue: who comes in somebody's place has a role and a link of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

CHECK = "ck_contact_assignment_parties_role"
OLD = ("strategist", "administrator", "registrar", "main", "deputy", "signatory", "reader", "flow")
NEW = (*OLD[:-1], "guest", OLD[-1])


def upgrade() -> None:
    op.create_table(
        "substitution",
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitation.id"], name=op.f("fk_substitution_invitation_id_invitation")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["contact_assignment.id"], name=op.f("fk_substitution_assignment_id_contact_assignment")
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_substitution")),
        sa.UniqueConstraint("assignment_id", name=op.f("uq_substitution_assignment_id")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _widen_on_sqlite()
    else:
        op.drop_constraint(op.f(CHECK), "contact_assignment", type_="check")
        op.create_check_constraint(op.f(CHECK), "contact_assignment", f"role IN ({_listed(NEW)})")


def _widen_on_sqlite() -> None:
    """Only the text of the CHECK, as SQLite's own page on ALTER TABLE describes it.

    A new table in its place would break the references of every other one, whose checks cannot be switched off in a transaction.
    """
    bind = op.get_bind()
    number = bind.execute(sa.text("PRAGMA schema_version")).scalar_one()
    bind.execute(sa.text("PRAGMA writable_schema = ON"))
    bind.execute(
        sa.text("UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = 'contact_assignment'"),
        {"old": f"role IN ({_listed(OLD)})", "new": f"role IN ({_listed(NEW)})"},
    )
    bind.execute(sa.text(f"PRAGMA schema_version = {number + 1}"))
    bind.execute(sa.text("PRAGMA writable_schema = RESET"))


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)
