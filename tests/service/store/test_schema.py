"""The migrations and the tables say the same, and the history cannot be changed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from service.store import history
from service.store.schema import behind, migrate
from service.store.session import Store
from service.store.tables import METADATA, ChainHead
from states.errors import StoreUnavailable
from states.parties import FLOW

NOW = datetime(2027, 9, 20, 6, tzinfo=UTC)


def test_the_migrations_from_empty_equal_the_tables(any_store: Store) -> None:
    with any_store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_the_migrations_make_the_same_checks_as_the_tables(any_store: Store) -> None:
    with any_store.engine.connect() as connection:  # nothing of this is kept
        migrated = _checks(connection)
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
        assert _checks(connection) == migrated


def test_a_migrated_store_is_not_behind_and_migrating_again_changes_nothing(any_store: Store) -> None:
    assert not behind(any_store)
    migrate(any_store)
    assert not behind(any_store)


def test_an_empty_database_is_behind(tmp_path: Path) -> None:
    empty = Store(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert behind(empty)
    migrate(empty)
    assert not behind(empty)
    empty.close()


def test_a_database_of_a_newer_version_is_refused(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match="nyare version"):
        behind(store)
    with pytest.raises(StoreUnavailable, match="nyare version"):
        migrate(store)


@pytest.mark.parametrize("statement", ["UPDATE event SET kind = 'x'", "DELETE FROM event"])
def test_the_database_refuses_to_change_the_history(any_store: Store, statement: str) -> None:
    with any_store.write() as session:
        assert session.get_one(ChainHead, 1).seq == 0
        history.append(session, FLOW, NOW, "test")
    with pytest.raises(IntegrityError, match="only grows"), any_store.write() as session:
        session.connection().execute(text(statement))


def _checks(connection: Connection) -> dict[str, set[tuple[str | None, str]]]:
    reader = inspect(connection)
    return {t: {(c["name"], c["sqltext"]) for c in reader.get_check_constraints(t)} for t in METADATA.tables}
