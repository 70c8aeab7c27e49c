"""The store: one engine per database, reads beside each other, writes one at a time on SQLite, and the only commit there is."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session

from states.errors import Stale, StoreFull, StoreUnavailable

SQLITE_FLOOR = (3, 51, 3)
"""Older versions can corrupt a WAL when it is reset under two connections."""


class Store:
    """The database behind one address (SQLAlchemy URL)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._writer = self.engine.execution_options(overens_write=True)
        self._turn = _Turn() if self.sqlite else None

    @property
    def sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment and keeps nothing."""
        with _spoken(), Session(self.engine, expire_on_commit=False) as session:
            yield session
            session.expunge_all()
            session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed when the block ends well, gone when it does not."""
        if self._turn is None:
            with self._transaction() as session:
                yield session
            return
        with self._turn.taken(), self._transaction() as session:
            yield session

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with _spoken(), Session(self._writer, expire_on_commit=False) as session:
            yield session
            session.commit()

    def close(self) -> None:
        self.engine.dispose()

    def answers(self) -> None:
        """Raise StoreUnavailable unless the database answers."""
        with self.read() as session:
            session.connection().execute(text("SELECT 1"))


class _Turn:
    """A first-come, first-served lock: sixteen waiting SQLite connections would otherwise poll each other to a crawl."""

    def __init__(self) -> None:
        self._guard, self._busy, self._queue = Lock(), False, deque[Lock]()

    @contextmanager
    def taken(self) -> Iterator[None]:
        self._wait()
        try:
            yield
        finally:
            self._pass_on()

    def _wait(self) -> None:
        with self._guard:
            if not self._busy:
                self._busy = True
                return
            mine = Lock()
            mine.acquire()
            self._queue.append(mine)
        mine.acquire()

    def _pass_on(self) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._busy = False


@contextmanager
def _spoken() -> Iterator[None]:
    """Turn the database's errors into the product's own."""
    try:
        yield
    except StaleDataError:
        raise Stale from None
    except IntegrityError as error:
        if _is_conflict(error):
            raise Stale from error
        raise
    except (OperationalError, StatementError) as error:
        raise _unavailable(error) from error


def _is_conflict(error: IntegrityError) -> bool:
    """A unique key that somebody else took first is a lost race; anything else is a fault of ours."""
    said = str(error.orig).lower()
    return "unique" in said


def _unavailable(error: StatementError) -> Exception:
    said = str(error.orig).lower()
    if "full" in said or "no space" in said or "could not extend" in said:
        return StoreFull()
    return StoreUnavailable() if isinstance(error, OperationalError) else error


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True)
    from pysqlite3 import dbapi2

    if dbapi2.sqlite_version_info < SQLITE_FLOOR:
        raise StoreUnavailable(f"SQLite {dbapi2.sqlite_version} är för gammal; minst 3.51.3 behövs.")
    engine = create_engine(url, module=dbapi2, connect_args={"timeout": 15})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "checkin", _let_go)
    return engine


def _set_up_sqlite(connection: Any, _: object) -> None:
    """FULL, because NORMAL can lose the last commits at a power cut."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        connection.execute(f"PRAGMA {pragma}")


def _let_go(connection: Any, _: object) -> None:
    """After a COMMIT that failed, SQLite keeps the transaction and its lock; SQLAlchemy believes that it is over."""
    if connection is not None and connection.in_transaction:
        connection.rollback()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at once: upgrading a read later could fail half-way."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("overens_write") else "BEGIN")
