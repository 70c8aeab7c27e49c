"""A backup: made while the service runs, restored to scratch at once, and only then called a backup."""

import fcntl
import hashlib
import hmac
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlmodel import Session, col, select

from service.cases.check import findings
from service.cases.check_files import lost_files
from service.store import archive, dump, schema
from service.store.archive import DATABASE, FILES, Manifest
from service.store.files import Files
from service.store.kept import kept
from service.store.session import Store
from service.store.tables import METADATA, ChainHead, Event
from states.errors import Blocked, OverensError, Reason, StoreUnavailable

NOTE = "last-verified-backup.json"
"""In the data folder and not in the database: a database that went back in time must not say when it was last saved."""

_VERIFIED = re.compile(r"overens-\d{8}T\d{6}\.\d{6}Z\.tar")
_UNFINISHED = ".overens-backup-"


class BadBackup(OverensError):
    """Säkerhetskopian klarade inte provet."""

    code = "bad-backup"


@dataclass(frozen=True, slots=True)
class Verified:
    """The last backup that was restored to scratch and found whole: its file, when, and how far its history reached."""

    at: str
    file: str
    created: str
    seq: int
    head: str


def make(store: Store, files: Files, folder: Path, key: bytes, now: datetime) -> tuple[Path, Manifest]:
    """Make a backup in `folder`, restore it to scratch and check it; BadBackup, and the file kept as `….failed.tar`, if it fails.

    1. The database first: its snapshot says which files there are. A file is kept before the row that names it and never changes,
       so each file of the snapshot is there whole; one that comes later belongs to the next backup.
    2. One file is written under a name nobody takes for a backup, and forced to disk.
    3. It is read back from disk, restored beside, and checked. Only then does it get its name.
    """
    with _alone(folder), _scratch(folder) as work:
        name = f"overens-{now:%Y%m%dT%H%M%S.%f}Z"
        manifest = _written(store, files, work, key, now)
        target = folder / f"{name}.tar"
        if faults := _faults(work / "backup.tar", store):
            target = folder / f"{name}.failed.tar"
            (work / "backup.tar").rename(target)
            raise BadBackup(f"Säkerhetskopian klarade inte provet och ligger kvar som {target}: {' '.join(faults)}")
        (work / "backup.tar").rename(target)
        _force(folder)
    return target, manifest


def prune(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` verified backups; failed ones are left for a person to look at."""
    old = sorted(path for path in folder.iterdir() if _VERIFIED.fullmatch(path.name))[:-keep]
    for path in old:
        path.unlink()
    return old


@contextmanager
def opened(path: Path, work: Path, target: Store) -> Iterator[tuple[Manifest, Store, list[str]]]:
    """A backup as a store beside `target`, with what is wrong with it; its files lie under `work`. Refused when it is damaged."""
    manifest = archive.unpack(path, work)
    if manifest.database != dump.kind(target):
        raise Blocked(Reason("other-database", f"Kopian är av {manifest.database}, men databasen här är {dump.kind(target)}."))
    with dump.scratch(work / DATABASE, target) as copy:
        yield manifest, copy, faults_of(copy, Files(work / FILES), manifest)


def faults_of(copy: Store, files: Files, manifest: Manifest) -> list[str]:
    """What is wrong with a restored copy, in sentences: file, manifest, rules, chain, documents."""
    if faults := [f"Databasen är skadad: {fault}." for fault in dump.faults(copy)]:
        return faults
    faults = _differences(copy, manifest)
    schema.migrate(copy)
    with copy.read() as session:
        for one in (*findings(session), *lost_files(session, files)):
            faults.append(f"{one.message} ({one.code} {one.subject})")
        if _head(session) != (manifest.seq, manifest.head):
            faults.append("Historikens slut är ett annat än det som stod när kopian gjordes.")
    return faults


def note_verified(data_dir: Path, path: Path, manifest: Manifest, now: datetime) -> None:
    """Remember that this backup could be restored, for `check` and the status page."""
    row = Verified(now.isoformat(timespec="seconds"), str(path), manifest.created, manifest.seq, manifest.head)
    fresh = data_dir / f".{NOTE}.{os.getpid()}"
    fresh.write_text(json.dumps(asdict(row), ensure_ascii=False), encoding="utf-8")
    fresh.replace(data_dir / NOTE)


def last_verified(data_dir: Path) -> Verified | None:
    """The newest verified backup, if there has been one."""
    try:
        return Verified(**json.loads((data_dir / NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def went_back(session: Session, last: Verified) -> bool:
    """Whether the history lacks what the last verified backup had: an older state of the database has taken its place."""
    if last.seq == 0:
        return False
    return session.exec(select(Event.hash).where(col(Event.seq) == last.seq)).first() != last.head


def fingerprint(key: bytes) -> str:
    """Recognises a secret key and gives nothing of it away."""
    return hmac.new(key, b"overens backup", hashlib.sha256).hexdigest()[:16]


# ------------------------------------------------------------------ making one
def _written(store: Store, files: Files, work: Path, key: bytes, now: datetime) -> Manifest:
    if schema.behind(store):
        raise Blocked(Reason("behind", "Databasen har inte den form som programmet väntar sig. Kör först: overens migrate"))
    with dump.snapshot(store, work / DATABASE) as session:
        connection = session.connection()
        seq, head = _head(session)
        counts = {name: dump.count(connection, name) for name in sorted(METADATA.tables)}
        revision = dump.revision(connection)
        digests = sorted({one.sha256 for one in kept(session)})
    sources = {DATABASE: work / DATABASE}
    sources |= {f"{FILES}/{digest[:2]}/{digest}": files.path(digest) for digest in digests}
    sources = {name: path for name, path in sources.items() if path.exists()}  # one that is lost is found when it is checked
    manifest = Manifest(
        created=now.isoformat(timespec="microseconds"),
        product=version("overens"),
        database=dump.kind(store),
        revision=revision,
        seq=seq,
        head=head,
        key=fingerprint(key),
        counts=counts,
        members={name: archive.member(path) for name, path in sources.items()},
    )
    archive.pack(work / "backup.tar", manifest, sources)
    sources[DATABASE].unlink()  # what is checked next is what is on disk in the backup
    return manifest


def _faults(path: Path, target: Store) -> Sequence[str]:
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as work, opened(path, Path(work), target) as (_, _, faults):
            return faults
    except OverensError as error:
        return [error.message]


def _differences(copy: Store, manifest: Manifest) -> list[str]:
    """Revision and row counts against the manifest, before the copy is brought to today's form."""
    with copy.engine.connect() as connection:
        if dump.revision(connection) != manifest.revision:
            return ["Databasens form är en annan än den som stod när kopian gjordes."]
        wrong = [name for name, rows in manifest.counts.items() if dump.count(connection, name) != rows]
    return [f"Tabellen {name} har fått ett annat antal rader." for name in wrong]


def _head(session: Session) -> tuple[int, str]:
    head = session.get_one(ChainHead, 1)
    return head.seq, head.hash


# ------------------------------------------------------------------ the folder
@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder, so that what an earlier run left unfinished is nobody's and can go."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise StoreUnavailable(f"Mappen {folder} kan inte användas ({error.strerror}).") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left)
        yield
    except BlockingIOError:
        raise Blocked(Reason("busy", f"En annan säkerhetskopiering pågår i {folder}.")) from None
    finally:
        os.close(handle)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=_UNFINISHED) as work:
            yield Path(work)
    except OSError as error:
        raise StoreUnavailable(f"Mappen {folder} kan inte användas ({error.strerror}).") from error


def _force(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
