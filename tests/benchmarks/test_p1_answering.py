"""P1: sending answers as one durable command, beside the very same writes replayed by the bare driver."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import pytest
from pysqlite3 import dbapi2
from sqlalchemy import event
from sqlmodel import Session

from service.cases.programmes import create_agreements, create_programme
from service.cases.propose import send_proposal
from service.cases.respond import save_answer, send_response
from service.store.files import Files
from service.store.session import Store
from states.parties import Actor
from tests.benchmarks.measure import Figure
from tests.people import NOW, Cast, arrive, later, plan
from tests.service.cases import life

pytestmark = pytest.mark.bench
ROUNDS = 40
PEERS = ("django-fsm-2", "SpiffWorkflow", "DBOS")

Written = list[tuple[str, Any]]


class Raw:
    """The floor: a copy of the same database, and what was written to the original."""

    def __init__(self, path: Path) -> None:
        self._connection = dbapi2.connect(str(path), isolation_level=None)
        for line in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._connection.execute(f"PRAGMA {line}")

    def replay(self, written: Written) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for statement, values in written:
            self._connection.execute(statement, values)
        self._connection.execute("COMMIT")


@pytest.mark.parametrize("areas", [1, 10])
def test_answering(store: Store, tmp_path: Path, areas: int, record_property: Callable[[str, object], None]) -> None:
    with store.write() as session:
        cast = arrive(session)
        agreement = _draft(session, cast, areas)
    case = life.Case(store, cast, agreement, Files(tmp_path / "files"))
    with store.write() as session:
        send_proposal(session, cast.elin, later(), case.id)
    written = _watched(store)
    raw = Raw(_copied(store, tmp_path / "raw.sqlite3"))
    ours, floor = list[float](), list[float]()
    for number in range(ROUNDS):
        actor = (cast.karin, cast.elin)[number % 2]
        response = _drafted(case, actor, number)
        raw.replay(written)
        written.clear()
        began = time.perf_counter()
        with store.write() as session:
            send_response(session, actor, later(number + 1), case.id, response)
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        raw.replay(written)
        floor.append(time.perf_counter() - began)
        written.clear()
    record_property(
        "figures", str(Figure("P1 answering, against raw sqlite3", f"{areas} area(s)", median(ours), median(floor), 2.5))
    )
    if areas == 1:
        record_property("figures", f"P1 peers not run, because they are not installed: {', '.join(PEERS)}; 16 writers: not run")


def _draft(session: Session, cast: Cast, areas: int) -> UUID:
    programme = create_programme(session, cast.elin, NOW, plan(areas=tuple(f"Område {n}" for n in range(areas))))
    return create_agreements(session, cast.elin, NOW, programme.id, [cast.falun]).agreements[0]


def _drafted(case: life.Case, actor: Actor, number: int) -> UUID:
    with case.store.write() as session:
        rows = [
            save_answer(session, actor, later(number + 1), case.id, life.countering(session, clause, f"Ord {number}."))
            for clause in case.standing(session).clauses
        ]
        return rows[0].response_id


def _watched(store: Store) -> Written:
    written: Written = []

    def keep(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            written.extend((statement, one) for one in (values if many else [values]))

    event.listen(store.engine, "before_cursor_execute", keep)
    return written


def _copied(store: Store, path: Path) -> Path:
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(str(store.engine.url.database), path)
    return path
