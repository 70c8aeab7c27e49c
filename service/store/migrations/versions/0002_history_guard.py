"""The history can only grow: triggers refuse UPDATE and DELETE, and the chain starts at its one head row."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SQLITE = [
    f"CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON event BEGIN SELECT RAISE(ABORT, 'the history only grows'); END"
    for verb in ("UPDATE", "DELETE")
]

POSTGRESQL = [
    """
    CREATE FUNCTION event_only_grows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the history only grows' USING ERRCODE = 'integrity_constraint_violation'; END $$
    """,
    "CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_only_grows()",
    "CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION event_only_grows()",
]


def upgrade() -> None:
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
    op.execute(sa.text("INSERT INTO chain_head (id, seq, hash) VALUES (1, 0, :none)").bindparams(none="0" * 64))
