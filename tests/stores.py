"""Real databases for tests: migrated once per session, then copied or emptied for each test."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import create_engine, insert, make_url, text

from service.cases.demo import seed_demo
from service.store.files import Files
from service.store.schema import migrate
from service.store.session import Store
from service.store.tables import METADATA, ChainHead
from tests.people import Cast, arrive, draft

SERVER = os.environ.get("OVERENS_TEST_POSTGRES", "postgresql+psycopg://root@127.0.0.1:5432/test")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with every table."""
    path = tmp_path_factory.mktemp("store") / "migrated.sqlite3"
    made = Store(f"sqlite:///{path}")
    migrate(made)
    made.close()
    return path


@pytest.fixture
def store(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    """A fresh SQLite store in the test's own folder."""
    path = tmp_path / "overens.sqlite3"
    shutil.copyfile(migrated_file, path)
    made = Store(f"sqlite:///{path}")
    yield made
    made.close()


@dataclass(frozen=True, slots=True)
class Begun:
    """A SQLite database with the cast and a draft between the region and Falun, to copy; the ids are the same in each copy."""

    path: Path
    cast: Cast
    agreement: UUID

    def laid_in(self, store: Store) -> None:
        """Put the copy where a store that nobody has used yet keeps its rows."""
        shutil.copyfile(self.path, str(store.engine.url.database))


@pytest.fixture(scope="session")
def begun(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Begun:
    path = tmp_path_factory.mktemp("begun") / "overens.sqlite3"
    shutil.copyfile(migrated_file, path)
    made = Store(f"sqlite:///{path}")
    with made.write() as session:
        cast = arrive(session)
        agreement = draft(session, cast)
    made.close()
    return Begun(path, cast, agreement)


@dataclass(frozen=True, slots=True)
class Demonstration:
    """The whole demonstration in a SQLite database with its files, to copy."""

    path: Path
    files: Path

    def laid_in(self, store: Store, files: Path) -> None:
        """Put the copy where a store that nobody has used yet keeps its rows, and its files beside."""
        shutil.copyfile(self.path, str(store.engine.url.database))
        shutil.copytree(self.files, files)


@pytest.fixture(scope="session")
def demonstration(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    folder = tmp_path_factory.mktemp("demonstration")
    shutil.copyfile(migrated_file, folder / "overens.sqlite3")
    made = Store(f"sqlite:///{folder / 'overens.sqlite3'}")
    seed_demo(made, Files(folder / "files"))
    made.close()
    return Demonstration(folder / "overens.sqlite3", folder / "files")


@pytest.fixture(scope="session")
def migrated_database() -> Iterator[str]:
    """The address of an empty PostgreSQL database with every table, which one test after the other has to itself."""
    with postgres_beside() as address:
        made = Store(address)
        migrate(made)
        made.close()
        yield address


@pytest.fixture
def pg_store(migrated_database: str) -> Iterator[Store]:
    """An empty PostgreSQL store; tests that use it carry the marker `postgres`."""
    made = Store(migrated_database)
    yield made
    empty(made)
    made.close()


def empty(store: Store) -> None:
    """Take away what a test has written: dropping a database makes the server write out everything, a second or more."""
    with store.engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        connection.execute(text("ALTER TABLE event DISABLE TRIGGER USER"))
        connection.execute(text(";".join(f"DELETE FROM {table.name}" for table in reversed(METADATA.sorted_tables))))
        connection.execute(text("ALTER TABLE event ENABLE TRIGGER USER"))
        connection.execute(insert(ChainHead).values(id=1, seq=0, hash="0" * 64))


@pytest.fixture(params=["store", pytest.param("pg_store", marks=pytest.mark.postgres)], ids=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest) -> Store:
    """The same test on both databases."""
    chosen = request.getfixturevalue(request.param)
    assert isinstance(chosen, Store)
    return chosen


def _address(database: str) -> str:
    return make_url(SERVER).set(database=database).render_as_string(hide_password=False)


def _on_server(statement: str) -> None:
    engine = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@contextmanager
def postgres_beside() -> Iterator[str]:
    """The address of an empty PostgreSQL database, dropped afterwards."""
    name = f"overens_{uuid.uuid4().hex[:12]}"
    _on_server(f"CREATE DATABASE {name}")
    try:
        yield _address(name)
    finally:
        _on_server(f"DROP DATABASE {name} WITH (FORCE)")
