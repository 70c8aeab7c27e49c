"""A revision that has landed never changes: databases made by it are out there, and the next one must carry them all."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from service.store.schema import VERSIONS, behind, configuration, migrate
from service.store.session import Store
from service.store.tables import METADATA
from tests.stores import postgres_beside

LANDED = {
    "0001_tables.py": "15b7ee0d6ff653ac0753c1eab09cb2680859c8c8fc419a999bb21a06879b0069",
    "0002_history_guard.py": "0a8a4fe143a9cd07f17ac9d0e45e4f8f3bc26dd9d4c7f5027d2a36995bb44a65",
    "0003_mail.py": "cd8a0c54d5cea72175ff850394d61cf886b340798d602ff208634958d9b5ba58",
    "0004_dialogue.py": "91c5a467704ed49fbd6dc45389f3617f59b6fe22c1838996bc2c58eb5d435a5f",
    "0005_reminders.py": "46b407e817930b6b876fe5678b1c9ab1e8ae8cf2832849d92cda37f7fe758085",
    "0006_finished_answers.py": "ad15a966ce8b2f4889c7de9f7d9060dc45ee6411a7cdc4035985e090fa7cb343",
    "0007_looks.py": "245bce1da0394c59b07bf3cd0cf0b5a2b2a49b779a7dacbc4eb0b4c98b987264",
    "0008_order_of_stances.py": "385a0d16bcb5cbd3b89237bf6cee31cc4465d9630669afc2424c965cddfd2fc9",
    "0009_mail.py": "107294ddea708a17794361d40821d9d20de69aae133dc50e1b527df9fbd0d268",
    "0010_guests.py": "d0e1bffaf0961168cd79697e846e7c72796320dba44e6e443c8c39b406b33511",
}
"""A new revision adds its line, `sha256sum service/store/migrations/versions/0*.py`; no line here is ever altered."""

OLD_ANSWER = """INSERT INTO answer (id, response_id, kind, title, fields, reason, saved_at, version)
VALUES ('0', '0', 'accept', '', '{}', '', '2027-09-20 06:00:00', 1)"""

OLD_STANCE = """INSERT INTO stance (id, version_id, party_id, kind, note, at)
VALUES (:id, :version, '0', 'accept', '', '2027-09-20 06:00:00')"""


@contextmanager
def sqlite_beside(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'beside.sqlite3'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with postgres_beside() if request.param == "postgresql" else sqlite_beside(tmp_path) as address:
        made = Store(address)
        yield made
        made.close()


def test_a_landed_migration_never_changes() -> None:
    assert {path.name: sha256(path.read_bytes()).hexdigest() for path in VERSIONS.glob("0*.py")} == LANDED


@pytest.mark.parametrize("since", ["with the first tables", "later"])
def test_a_database_is_carried_whether_it_got_finished_answers_with_the_first_tables_or_not(
    empty_store: Store, since: str
) -> None:
    with empty_store.engine.execution_options(overens_write=True).begin() as connection:
        command.upgrade(configuration(connection), "0005")
        if since == "with the first tables":
            connection.execute(text("ALTER TABLE answer ADD COLUMN finished BOOLEAN NOT NULL DEFAULT true"))
    migrate(empty_store)
    assert not behind(empty_store)
    with empty_store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA) == []


def test_stances_from_before_are_numbered_in_the_order_that_counted_then(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    with store.engine.execution_options(overens_write=True).begin() as connection:
        command.upgrade(configuration(connection), "0006")
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        for id_, version in (("3", "b"), ("2", "a"), ("1", "a")):
            connection.execute(text(OLD_STANCE), {"id": id_, "version": version})
        command.upgrade(configuration(connection), "0008")
        found = connection.execute(text("SELECT version_id, id, seq FROM stance ORDER BY version_id, seq")).all()
        assert [tuple(row) for row in found] == [("a", "1", 1), ("a", "2", 2), ("b", "3", 1)]
        connection.execute(text("DELETE FROM stance"))
    store.close()


def test_an_answer_from_before_was_saved_by_somebody_and_so_is_finished(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    with store.engine.execution_options(overens_write=True).begin() as connection:
        command.upgrade(configuration(connection), "0005")
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(text(OLD_ANSWER))
        command.upgrade(configuration(connection), "0006")
        assert connection.execute(text("SELECT finished FROM answer")).scalar_one() == 1
        connection.execute(text("DELETE FROM answer"))
    store.close()
