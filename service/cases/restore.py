"""Back from a backup into an empty store, all at once or not at all, and without sending anything twice.

A backup is an older moment. What it holds as queued, and every reminder that fell due after it, may have gone out from the store
that was lost. So all of that is queued and *held*: a person looks through Utkorg and lets go what never went. Who was signed in
is signed out, because a session or a code that ended after the backup would otherwise live again.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select, update

from service.cases.backup import fingerprint, last_verified, note_verified, opened
from service.store import dump, history
from service.store.archive import DATABASE, FILES, Manifest
from service.store.files import Files
from service.store.session import Store
from service.store.tables import Code, Message, SignIn
from states.calendar import TZ
from states.errors import Blocked, Reason, Refused
from states.message import State
from states.parties import FLOW

_UNFINISHED = ".overens-restore-"

Sweep = Callable[[Store, datetime], object]
"""Queues every reminder that is due; the real sweep."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back: the backup's manifest, how many messages are held, and two warnings."""

    manifest: Manifest
    held: int
    other_key: bool
    missing: int
    """How many events the last verified backup of this data folder had beyond this one."""


def restore(
    path: Path, target: Store, files: Files, data_dir: Path, key: bytes, now: datetime, real_now: datetime, sweep: Sweep
) -> Restored:
    """Check a backup in scratch, make it safe to run, and put it in the place of an empty store.

    Blocked when the store is not empty, Refused when the backup is damaged or does not pass its check. The files go first, each
    whole or not at all and harmless without their rows; then the database in one step. Killed anywhere before that, the store is
    still empty.
    """
    if not dump.is_empty(target):
        raise Blocked(Reason("not-empty", f"{_named(target)} är inte tom. Läs in kopian i en ny mapp eller en ny databas."))
    disk = dump.disk(target, data_dir)
    for left in disk.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left)
    with (
        tempfile.TemporaryDirectory(dir=disk, prefix=_UNFINISHED) as work,
        opened(path, Path(work), target) as (manifest, copy, faults),
    ):
        if faults:
            raise Refused("bad-backup", f"Säkerhetskopian klarade inte provet: {' '.join(faults)}")
        held = _made_safe(copy, manifest, now, real_now, sweep)
        _keep(Path(work) / FILES, files)
        last = last_verified(data_dir)
        dump.place(copy, target, Path(work) / f"{DATABASE}.safe")
    missing = max(0, last.seq - manifest.seq) if last else 0
    if not missing:
        note_verified(data_dir, path, manifest, real_now)
    return Restored(manifest, held, fingerprint(key) != manifest.key, missing)


def _made_safe(copy: Store, manifest: Manifest, now: datetime, real_now: datetime, sweep: Sweep) -> int:
    """Hold what may have gone out already, sign everybody out, write it in the history; returns how many are held."""
    with copy.write() as session:
        _hold(session)
    sweep(copy, now)
    with copy.write() as session:
        _hold(session)
        held = len(session.exec(select(Message.id).where(col(Message.state) == State.queued)).all())
        session.exec(update(SignIn).where(col(SignIn.ended_at).is_(None)).values(ended_at=real_now))
        session.exec(update(Code).where(col(Code.used_at).is_(None)).values(used_at=real_now))
        history.append(
            session,
            FLOW,
            now,
            "restore",
            created=f"{manifest.at.astimezone(TZ):%Y-%m-%d %H.%M}",
            seq=manifest.seq,
            head=manifest.head,
            held=held,
        )
    return held


def _hold(session: Session) -> None:
    queued = (col(Message.state) == State.queued, col(Message.held).is_(False))
    session.exec(update(Message).where(*queued).values(held=True, leased_until=None, version=Message.version + 1))


def _keep(unpacked: Path, files: Files) -> None:
    for file in sorted(unpacked.glob("*/*")):
        files.put(file.read_bytes())


def _named(store: Store) -> str:
    return f"Databasen {store.engine.url.database}"
