"""The shape of the database: brought up to date from here, without any file to configure."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from service.store.session import Store
from states.errors import StoreUnavailable

FOLDER = Path(__file__).parent / "migrations"
VERSIONS = FOLDER / "versions"

_LOCK = 0x6F766572656E73
"""Processes that start together on PostgreSQL migrate one after the other; SQLite's own write lock does the same."""


def migrate(store: Store) -> None:
    """Bring the database to the newest revision, all of it or none; doing it again changes nothing."""
    with store.engine.execution_options(overens_write=True).begin() as connection:
        if not store.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        try:
            command.upgrade(configuration(connection), "head")
        except CommandError as error:
            raise _newer() from error


def behind(store: Store) -> bool:
    """Whether the database lacks a revision; StoreUnavailable when it was made by a newer version than this."""
    with store.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
        scripts = ScriptDirectory.from_config(configuration(connection))
        known = {script.revision for script in scripts.walk_revisions()}
        if not set(current) <= known:
            raise _newer()
        return set(current) != set(scripts.get_heads())


def configuration(connection: Connection) -> Config:
    """Alembic's settings for one connection."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _newer() -> StoreUnavailable:
    return StoreUnavailable("Databasen är gjord av en nyare version av Överens. Uppdatera programmet.")
