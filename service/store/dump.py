"""The whole database to a file and back: SQLite by its online backup, PostgreSQL by pg_dump and pg_restore."""

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.migration import MigrationContext
from pysqlite3 import dbapi2
from sqlalchemy import Connection, create_engine, func, inspect, make_url, select, table, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlmodel import Session

from service.store.session import Store
from service.store.tables import Event, Organisation
from states.errors import Blocked, Reason, StoreUnavailable

_OURS = "overens scratch"
_PATIENCE = 3
"""Seconds that the database may take to see that somebody who was connected is dead."""

_IN_USE = "Databasen används. Stoppa tjänsten och försök igen."


def kind(store: Store) -> str:
    return "sqlite" if store.sqlite else "postgresql"


@contextmanager
def snapshot(store: Store, target: Path) -> Iterator[Session]:
    """Copy the database as it is at one moment to `target`, while others go on writing; the session reads that very moment."""
    if store.sqlite:
        _copy_sqlite(_path(store), target)
        copy = Store(f"sqlite:///{target}")
        try:
            with copy.read() as session:
                yield session
        finally:
            copy.close()
        return
    with store.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        name = connection.scalar(text("SELECT pg_export_snapshot()"))
        _dump(store.url, target, f"--snapshot={name}")
        with Session(connection) as session:
            yield session


@contextmanager
def scratch(dump: Path, target: Store) -> Iterator[Store]:
    """A dump as a store of its own beside `target`, gone afterwards: on SQLite the file itself, else a database for the while."""
    if target.sqlite:
        with _closing(Store(f"sqlite:///{dump}")) as made:
            yield made
        return
    with _temporary_database(target) as url, _closing(Store(url)) as made:
        _load(url, dump)
        yield made


def disk(target: Store, otherwise: Path) -> Path:
    """A folder on the disk where the rows lie, so that a rename can put them in place."""
    return _path(target).parent if target.sqlite else otherwise


def place(source: Store, target: Store, beside: Path) -> None:
    """Put a scratch store where an empty one is, in one step: a crash leaves all of it or nothing.

    On SQLite it is one rename of a file on the same disk; on PostgreSQL one transaction. `beside` is a path to write a dump to.
    """
    if target.sqlite:
        source.close()
        target.close()
        _rename(_path(source), _path(target))
        return
    _dump(source.url, beside)
    _alone_on(target)
    _load(target.url, beside, "--clean", "--if-exists", "--single-transaction")


def is_empty(store: Store) -> bool:
    """Whether nothing has ever happened here: no tables, or neither history nor organisations in them."""
    with store.engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        names = {str(Event.__tablename__), str(Organisation.__tablename__)} & there
        return not any(count(connection, name) for name in names)


def count(connection: Connection, name: str) -> int:
    return connection.scalar(select(func.count()).select_from(table(name))) or 0


def revision(connection: Connection) -> str:
    """The schema's revision; empty when there is no schema."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def faults(store: Store) -> list[str]:
    """What SQLite itself finds wrong with the file; PostgreSQL has checked what it loaded."""
    if not store.sqlite:
        return []
    try:
        with store.engine.connect() as connection:
            said = [str(row[0]) for row in connection.execute(text("PRAGMA quick_check"))]
            loose = connection.execute(text("PRAGMA foreign_key_check")).first()
    except DatabaseError as error:
        return [str(error.orig)]
    return [line for line in said if line != "ok"] + ([f"lös rad i {loose[0]}"] if loose else [])


# ------------------------------------------------------------------ SQLite
def _path(store: Store) -> Path:
    return Path(make_url(store.url).database or "")


def _copy_sqlite(source: Path, target: Path) -> None:
    """All pages in one step: a reader's lock, which stops no writer under WAL and is never begun anew."""
    try:
        with _raw(source) as old, _raw(target) as new:
            old.backup(new)
    except dbapi2.Error as error:
        raise StoreUnavailable(f"Databasen {source} kan inte läsas ({error}).") from error


@contextmanager
def _raw(path: Path) -> Iterator[dbapi2.Connection]:
    connection = dbapi2.connect(str(path), timeout=15)
    try:
        yield connection
    finally:
        connection.close()


def _rename(source: Path, target: Path) -> None:
    _without_log(source)
    if target.exists():
        _without_log(target)  # a log left beside would be read into the file that comes instead
    for left in ("-wal", "-shm"):
        target.with_name(target.name + left).unlink(missing_ok=True)
    _force(source)
    source.replace(target)
    _force(target.parent)


def _without_log(path: Path) -> None:
    """Fold the log into the file; impossible while anybody else has the database open."""
    try:
        with _raw(path) as connection:
            connection.execute("PRAGMA busy_timeout=1000")
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except dbapi2.OperationalError as error:
        raise StoreUnavailable(_IN_USE) from error
    if mode != "delete":
        raise StoreUnavailable(_IN_USE)


def _force(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ------------------------------------------------------------------ PostgreSQL
def _dump(url: str, target: Path, *more: str) -> None:
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}", *more)


def _load(url: str, dump: Path, *more: str) -> None:
    _run(url, "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", *more, str(dump))


def _run(url: str, program: str, *words: str) -> None:
    """Run one of PostgreSQL's own programs; the password goes in its environment, where other users cannot see it."""
    address = make_url(url)
    plain = address.set(drivername="postgresql", password=None).render_as_string()
    secret = {"PGPASSWORD": str(address.password)} if address.password else {}
    try:
        done = subprocess.run(  # noqa: S603 (a fixed program, no shell)
            [program, f"--dbname={plain}", *words], env=os.environ | secret, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise StoreUnavailable(
            f"Programmet {program} saknas. Installera PostgreSQL:s klientprogram (postgresql-client)."
        ) from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["inget svar"]
        raise StoreUnavailable(f"{program} kunde inte slutföra: {said[-1]}")


@contextmanager
def _temporary_database(target: Store) -> Iterator[str]:
    """An empty database beside the real one. Its name is always the same, so the next one cleans up after a crash."""
    address = make_url(target.url)
    name = f"{(address.database or '')[:40]}_overens_scratch"
    engine = create_engine(target.url, isolation_level="AUTOCOMMIT", connect_args={"application_name": _OURS})
    lock = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    quoted = engine.dialect.identifier_preparer.quote(name)
    try:
        with engine.connect() as connection:
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": lock}):
                raise Blocked(Reason("busy", "En annan säkerhetskopiering eller återläsning pågår."))
            _recreate(connection, quoted)
            try:
                yield address.set(database=name).render_as_string(hide_password=False)
            finally:
                connection.execute(text(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)"))
    except OperationalError as error:
        raise StoreUnavailable("Databasen svarar inte.") from error
    finally:
        engine.dispose()


def _recreate(connection: Connection, quoted: str) -> None:
    connection.execute(text(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)"))
    try:
        connection.execute(text(f"CREATE DATABASE {quoted} TEMPLATE template0"))
    except DatabaseError as error:
        raise StoreUnavailable("Kopian kan inte provas: databasens användare får inte skapa databaser (CREATEDB).") from error


def _alone_on(store: Store) -> None:
    """Raise unless nobody else is connected: a service that writes meanwhile would lose it. A dead one is gone in a moment."""
    store.close()  # our own idle connections
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend' AND application_name <> :ours"
    )
    until = time.monotonic() + _PATIENCE
    while True:
        with store.engine.connect() as connection:
            busy = connection.scalar(others, {"ours": _OURS})
        store.close()
        if not busy:
            return
        if time.monotonic() > until:
            raise StoreUnavailable(_IN_USE)
        time.sleep(0.2)


@contextmanager
def _closing(store: Store) -> Iterator[Store]:
    try:
        yield store
    finally:
        store.close()
