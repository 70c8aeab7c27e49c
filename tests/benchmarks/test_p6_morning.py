"""P6: the morning's reminders over many agreements of which one in a hundred is due, beside bare SQL and a loop over the rows."""

import multiprocessing
import resource
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pysqlite3 import dbapi2
from sqlmodel import col, select

from service.cases.mail import counterpart
from service.post.letters import LetterName, render
from service.store import outbox
from service.store.session import Store
from service.store.standing import load_many
from service.store.tables import Agreement, ContactAssignment, Person, Reminder
from service.sweeps import sweep_reminders
from tests.benchmarks.measure import Figure

pytestmark = pytest.mark.bench

MORNING = datetime.fromisoformat("2027-09-16T08:00:00+02:00")
DUE = date(2027, 9, 30)
SCENE = Path(__file__).with_name("many_agreements.sql")
FLOOR = Path(__file__).with_name("bare_sweep.sql")


@pytest.mark.parametrize("agreements", [10_000, 100_000, 1_000_000])
def test_the_morning(
    agreements: int, migrated_file: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Each on its own copy of the same rows, in a process of its own, whose peak of memory it tells."""
    scene = tmp_path / "scene.sqlite3"
    shutil.copyfile(migrated_file, scene)
    _fill(scene, agreements // 100)
    ours, floor, loop = (_apart(verb, scene) for verb in (_sweep, _bare, _loop))
    scene.unlink()
    assert ours.reminders == floor.reminders == loop.reminders == agreements // 100
    size = f"{agreements} agreements, 1 % due"
    record_property("figures", str(Figure("P6 morning, against bare SQL", size, ours.seconds, floor.seconds, 1.5)))
    record_property("figures", str(Figure("P6 morning, against an ORM loop", size, ours.seconds, loop.seconds, 0.25)))
    record_property("figures", f"P6 memory, {size}: {ours.megabytes:.0f} MB more at the peak than before")


class Ran:
    """What one way of doing it came to."""

    def __init__(self, seconds: float, megabytes: float, reminders: int) -> None:
        self.seconds, self.megabytes, self.reminders = seconds, megabytes, reminders


def _apart(verb: Callable[[Path], None], scene: Path) -> Ran:
    """Run it in a fresh process on a fresh copy."""
    copy = scene.with_name(f"{verb.__name__}.sqlite3")
    shutil.copyfile(scene, copy)
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        seconds, kilobytes = pool.apply(_timed, (verb, copy))
    with closing(dbapi2.connect(str(copy))) as connection:
        (reminders,) = connection.execute("SELECT count(*) FROM reminder r JOIN message m ON m.id = r.message_id").fetchone()
    copy.unlink()
    return Ran(seconds, kilobytes / 1024, reminders)


def _timed(verb: Callable[[Path], None], path: Path) -> tuple[float, int]:
    """Seconds, and KiB of memory above where it began."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    verb(path)
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def _sweep(path: Path) -> None:
    with closing(Store(f"sqlite:///{path}")) as store:
        sweep_reminders(store, MORNING)


def _bare(path: Path) -> None:
    """The floor: two statements in one transaction."""
    with closing(dbapi2.connect(str(path), isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in FLOOR.read_text().split(";\n"):
            connection.execute(statement, _known() if ":" in statement else {})
        connection.execute("COMMIT")


def _loop(path: Path) -> None:
    """What one would write first: every agreement that is due by itself, with its rows."""
    with closing(Store(f"sqlite:///{path}")) as store, store.write() as session:
        for agreement in session.exec(select(Agreement).where(col(Agreement.due) == DUE)):
            standing = load_many(session, [agreement.id])[agreement.id]
            party = standing.others(standing.region)[0]
            assignment = session.exec(
                select(ContactAssignment).where(ContactAssignment.organisation_id == party.organisation.id)
            ).one()
            person = session.get_one(Person, assignment.person_id)
            facts = {"namn": person.name, "part": party.organisation.name, "motpart": counterpart(standing, party)}
            facts |= {"svarsdatum": str(DUE), "kvar": "1", "antal": "1", "avsandare": "Elin Ek", "telefon": ""}
            letter = render(LetterName.reminder_before, facts)
            message = outbox.queue(
                session,
                MORNING,
                key=f"answer:{party.id}:1",
                purpose=LetterName.reminder_before.value,
                subject=letter.subject,
                body=letter.body,
                recipient=person.email,
                assignment=assignment,
                agreement_id=agreement.id,
            )
            assert message
            session.add(
                Reminder(
                    key=f"answer:{party.id}:1",
                    purpose="answer",
                    subject_id=party.id,
                    agreement_id=agreement.id,
                    assignment_id=assignment.id,
                    round=1,
                    number=1,
                    outcome="queued",
                    at=MORNING,
                    message_id=message.id,
                )
            )


def _known() -> dict[str, str]:
    return {"today": str(MORNING.date()), "now": _stored(MORNING)}


def _stored(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _fill(path: Path, towns: int) -> None:
    known = {"towns": towns, "due": str(DUE), "later": str(DUE + timedelta(days=60)), "proposed": "2027-08-20 08:00:00.000000"}
    with closing(dbapi2.connect(str(path), isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for statement in SCENE.read_text().split(";\n"):
            connection.execute(statement, known if ":" in statement else {})
        connection.execute("COMMIT")
