"""A backup is only called one once it has been restored; a restore brings everything back and sends nothing twice."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from service.cases import backup, documents
from service.cases.restore import Restored, restore
from service.store import archive, dump, history
from service.store.archive import Manifest
from service.store.files import Files
from service.store.schema import migrate
from service.store.session import Store
from service.store.tables import METADATA, ChainHead, Document, Event, Message, SignIn
from service.sweeps import sweep_reminders
from states.errors import Blocked, Refused, StoreUnavailable
from states.message import State
from tests.people import later
from tests.service.cases import life
from tests.stores import postgres_beside

KEY, OTHER_KEY = b"k" * 40, b"o" * 40
TODAY = datetime(2027, 6, 1, 2, 30, tzinfo=UTC)

pytestmark = pytest.mark.skipif(shutil.which("pg_dump") is None, reason="needs postgresql-client")


def saved(case: life.Case, folder: Path, now: datetime = TODAY) -> tuple[Path, Manifest]:
    return backup.make(case.store, case.files, folder, KEY, now)


def brought_back(path: Path, target: Store, folder: Path, now: datetime = TODAY) -> Restored:
    folder.mkdir(exist_ok=True)
    return restore(path, target, Files(folder / "files"), folder, KEY, now, now, sweep_reminders)


def _to_sign(case: life.Case) -> life.Case:
    """With a scan, a frozen text, decisions, and mail that waits."""
    life.open_for_signing(case)
    with case.store.write() as session:
        life.scan(session, case, case.cast.registrar)
    return case


@pytest.fixture
def signing(case: life.Case) -> life.Case:
    return _to_sign(case)


@pytest.fixture
def any_signing(any_case: life.Case) -> life.Case:
    return _to_sign(any_case)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Store]:
    """An empty SQLite store in a folder of its own."""
    (tmp_path / "data").mkdir()
    made = Store(f"sqlite:///{tmp_path / 'data' / 'overens.sqlite3'}")
    yield made
    made.close()


@pytest.fixture
def empty(any_store: Store, tmp_path: Path) -> Iterator[Store]:
    """Another store of the same kind, with nothing in it."""
    if any_store.sqlite:
        made = Store(f"sqlite:///{tmp_path / 'other.sqlite3'}")
        yield made
        made.close()
        return
    with postgres_beside() as address:
        made = Store(address)
        yield made
        made.close()


def rows(store: Store) -> dict[str, int]:
    with store.engine.connect() as connection:
        return {name: dump.count(connection, name) for name in METADATA.tables}


def test_everything_comes_back_on_either_database(any_signing: life.Case, empty: Store, tmp_path: Path) -> None:
    path, manifest = saved(any_signing, tmp_path / "backups")
    before = rows(any_signing.store)
    done = brought_back(path, empty, tmp_path / "data", later(125))
    assert manifest.counts == before
    assert done.manifest == manifest
    assert rows(empty)["agreement"] == before["agreement"]
    assert rows(empty)["signature_slot"] == before["signature_slot"]
    life.Case(empty, any_signing.cast, any_signing.id, any_signing.files).sound()
    with empty.read() as session:
        digest = session.exec(select(Document.file_sha256)).one()
        assert Files(tmp_path / "data" / "files").get(digest) == life.PDF
        assert session.exec(select(Event.hash).where(Event.seq == manifest.seq)).one() == manifest.head
        assert history.verify(session) is None


def test_an_empty_store_that_has_its_tables_is_as_good_as_none(any_case: life.Case, empty: Store, tmp_path: Path) -> None:
    migrate(empty)
    brought_back(saved(any_case, tmp_path / "backups")[0], empty, tmp_path / "data")
    life.Case(empty, any_case.cast, any_case.id, any_case.files).sound()


def test_nothing_that_may_have_gone_out_goes_out_again(case: life.Case, target: Store, tmp_path: Path) -> None:
    life.propose(case)
    with case.store.write() as session:
        who = case.cast.elin.assignment
        assert who is not None
        at = later(1)
        session.add(SignIn(assignment_id=who, epoch=0, cookie_sha256="c" * 64, created_at=at, seen_at=at, expires_at=later(130)))
    path, manifest = saved(case, tmp_path / "backups")
    day = later(136)  # a week before the last day to answer: a reminder has fallen due since
    done = brought_back(path, target, tmp_path / "data", day)
    with target.read() as session:
        queued = session.exec(select(Message).where(Message.state == State.queued)).all()
        assert all(message.held for message in queued)
        assert len(queued) == done.held > manifest.counts["message"]
        assert session.exec(select(SignIn.ended_at)).one() == day
        newest = session.exec(select(Event).where(Event.seq > manifest.seq).order_by(col(Event.seq).desc())).first()
        assert newest is not None
        assert newest.kind == "restore"
    before = rows(target)["message"]
    sweep_reminders(target, day)
    assert rows(target)["message"] == before


def test_a_backup_made_while_others_write_is_whole(any_signing: life.Case, tmp_path: Path) -> None:
    signing = any_signing
    acknowledged, stop = [0], Signal()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with signing.store.write() as session:
                data = life.PDF + b" %d" % number
                documents.keep_scan(session, signing.files, signing.cast.registrar, later(126), signing.id, data)
                history.append(session, signing.cast.registrar, later(126), "close_task", note=str(number))
                seq = session.get_one(ChainHead, 1).seq
            acknowledged[0] = seq

    writer = Thread(target=write)
    writer.start()
    try:
        for number in range(3 if signing.store.sqlite else 1):
            before = acknowledged[0]
            _, manifest = saved(signing, tmp_path / "backups", TODAY + timedelta(days=number))
            assert before <= manifest.seq <= acknowledged[0] + 1
            assert len(manifest.members) - 1 == len({name for name in manifest.members if name.startswith("files/")}) > number
    finally:
        stop.set()
        writer.join()
    assert acknowledged[0] > manifest.seq


def lost_file(case: life.Case) -> None:
    shutil.rmtree(case.files.folder)


def damaged_file(case: life.Case) -> None:
    next(path for path in case.files.folder.rglob("*") if path.is_file()).write_bytes(b"x")


def broken_chain(case: life.Case) -> None:
    with case.store.write() as session:
        session.connection().execute(text("UPDATE chain_head SET hash = 'x'"))


def impossible_row(case: life.Case) -> None:
    with case.store.write() as session:
        session.connection().execute(text("UPDATE agreement SET state = 'agreed'"))


SPOILS = {"lost-file": lost_file, "damaged-file": damaged_file, "broken-chain": broken_chain, "wrong-state": impossible_row}


@pytest.mark.parametrize("code", SPOILS)
def test_one_that_fails_its_check_is_kept_under_a_name_that_says_so(
    signing: life.Case, target: Store, tmp_path: Path, code: str
) -> None:
    folder = tmp_path / "backups"
    good, _ = saved(signing, folder)
    SPOILS[code](signing)
    with pytest.raises(backup.BadBackup, match=code) as said:
        saved(signing, folder, TODAY + timedelta(days=1))
    failed = folder / "overens-20270602T023000.000000Z.failed.tar"
    assert str(failed) in said.value.message
    assert sorted(folder.iterdir()) == [good, failed]
    with pytest.raises(Refused, match=code):
        brought_back(failed, target, tmp_path / "data")
    assert dump.is_empty(target)


def test_only_verified_ones_are_counted_and_the_oldest_go(case: life.Case, tmp_path: Path) -> None:
    made = [saved(case, tmp_path, TODAY + timedelta(days=n))[0] for n in range(4)]
    (tmp_path / "overens-20270101T000000.000000Z.failed.tar").touch()
    (tmp_path / "other.tar").touch()
    assert backup.prune(tmp_path, 2) == made[:2]
    assert {path.name for path in tmp_path.glob("*.tar")} == {
        *(path.name for path in made[2:]),
        "overens-20270101T000000.000000Z.failed.tar",
        "other.tar",
    }


def test_what_a_killed_backup_left_behind_is_cleared_by_the_next(case: life.Case, tmp_path: Path) -> None:
    (tmp_path / "b" / ".overens-backup-dead").mkdir(parents=True)
    path, _ = saved(case, tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == [path]


def test_a_store_with_anything_in_it_is_never_overwritten(signing: life.Case, tmp_path: Path) -> None:
    path, _ = saved(signing, tmp_path / "backups")
    before = rows(signing.store)
    with pytest.raises(Blocked, match="inte tom"):
        brought_back(path, signing.store, tmp_path / "data")
    assert rows(signing.store) == before


def test_an_empty_database_that_somebody_has_open_is_left_alone(case: life.Case, migrated_file: Path, tmp_path: Path) -> None:
    path, _ = saved(case, tmp_path / "backups")
    shutil.copyfile(migrated_file, tmp_path / "used.sqlite3")
    service, target = (Store(f"sqlite:///{tmp_path / 'used.sqlite3'}") for _ in range(2))
    with service.read() as session:
        session.connection().execute(text("SELECT 1 FROM event"))
        with pytest.raises(StoreUnavailable, match="Stoppa tjänsten"):
            brought_back(path, target, tmp_path / "data")
    assert dump.is_empty(target)
    service.close()
    target.close()


def test_another_key_than_the_backups_is_said(case: life.Case, target: Store, tmp_path: Path) -> None:
    path, _ = saved(case, tmp_path / "backups")
    data = tmp_path / "data"
    assert restore(path, target, Files(data / "files"), data, OTHER_KEY, TODAY, TODAY, sweep_reminders).other_key
    assert KEY not in path.read_bytes()


def test_a_database_that_went_back_in_time_is_noticed(case: life.Case, target: Store, tmp_path: Path) -> None:
    old, _ = saved(case, tmp_path / "backups")
    life.propose(case)
    newest, manifest = saved(case, tmp_path / "backups", TODAY + timedelta(days=1))
    backup.note_verified(tmp_path / "data", newest, manifest, TODAY)
    assert brought_back(old, target, tmp_path / "data").missing == manifest.seq - backup_seq(old)
    last = backup.last_verified(tmp_path / "data")
    assert last is not None
    with target.read() as session, case.store.read() as present:
        assert backup.went_back(session, last)
        assert not backup.went_back(present, last)


def backup_seq(path: Path) -> int:
    return archive.manifest(path).seq
