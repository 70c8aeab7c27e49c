"""Real databases for tests: migrated once per session, then copied for each test."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from service.store.schema import migrate
from service.store.session import Store

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


@pytest.fixture(scope="session")
def migrated_database() -> Iterator[str]:
    """An empty PostgreSQL database with every table, to copy from."""
    name = f"overens_{uuid.uuid4().hex[:12]}"
    _on_server(f"CREATE DATABASE {name}")
    made = Store(_address(name))
    try:
        migrate(made)
        made.close()
        yield name
    finally:
        made.close()
        _on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def pg_store(migrated_database: str) -> Iterator[Store]:
    """A fresh PostgreSQL store; tests that use it carry the marker `postgres`."""
    name = f"{migrated_database}_{uuid.uuid4().hex[:6]}"
    _on_server(f"CREATE DATABASE {name} TEMPLATE {migrated_database}")
    made = Store(_address(name))
    yield made
    made.close()
    _on_server(f"DROP DATABASE {name} WITH (FORCE)")


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
