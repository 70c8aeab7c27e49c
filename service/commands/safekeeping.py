"""The work behind `overens backup` and `overens restore`."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from service import clock
from service.cases import backup as cases
from service.cases.restore import restore as read_back
from service.commands.opened import opened
from service.commands.terminal import fact, say
from service.settings import load
from service.store import archive
from service.store.files import Files
from service.supervise import alone
from service.sweeps import sweep_reminders
from states.calendar import TZ
from states.errors import Blocked, Reason


def backup(chosen: Path | None, keep: int) -> None:
    """Make, restore to scratch, check, name, note, and only then remove old ones (`keep` 0: none)."""
    settings, now = load(), datetime.now(UTC)
    folder = chosen or settings.backup_dir
    with opened(settings) as store:
        path, manifest = cases.make(store, Files(settings.files_dir), folder, settings.secret_keys[0], now)
    cases.note_verified(settings.data_dir, path, manifest, datetime.now(UTC))
    say(f"Provad: återläst vid sidan av och kontrollerad, {manifest.seq} händelser, {len(manifest.members) - 1} filer.")
    fact(f"verified {path}", path=path, created_at=manifest.created, seq=manifest.seq, head=manifest.head, verified=True)
    for old in cases.prune(folder, keep) if keep else []:
        fact(f"removed {old}", path=old, removed=True)


def restore(path: Path, *, yes: bool) -> None:
    """Say how old the backup is and what follows, ask, and put it in place of an empty store."""
    settings = load()
    manifest = archive.manifest(path)
    say(f"Kopian gjordes {manifest.at.astimezone(TZ):%Y-%m-%d kl. %H.%M}, {_age(manifest.at)}. Det som hände sedan dess saknas.")
    say(f"Händelseloggen slutar vid nr {manifest.seq}, {manifest.head}.")
    say("Mejl som väntade då, och påminnelser som borde ha gått sedan dess, kan redan vara skickade. De hålls kvar i Utkorg.")
    if not yes and not _agreed():
        raise Blocked(Reason("not-confirmed", "Inget har ändrats. Svara ja på frågan eller lägg till --yes."))
    with alone(settings.data_dir), opened(settings) as store:
        done = read_back(
            path,
            store,
            Files(settings.files_dir),
            settings.data_dir,
            settings.secret_keys[0],
            clock.now(settings),
            datetime.now(UTC),
            sweep_reminders,
        )
    if done.missing:
        say(f"Det har funnits en nyare prövad kopia: {done.missing} händelser till fanns i den.")
    if done.other_key:
        say("Nyckeln är en annan än när kopian gjordes: länkar och appkoder gäller inte. Lägg tillbaka secret.key.")
    say(
        f"{done.held} mejl hålls kvar. Gå igenom Utkorg, släpp dem som inte har gått. Alla är utloggade. Kör sedan: overens check"
    )
    fact(
        f"restored {manifest.head} held {done.held}",
        head=manifest.head,
        seq=manifest.seq,
        created_at=manifest.created,
        held=done.held,
    )


def _agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    print("Läs in den här kopian? (ja/nej) ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("ja", "j")


def _age(made: datetime) -> str:
    hours = int((datetime.now(UTC) - made).total_seconds() // 3600)
    if hours < 1:
        return "för mindre än en timme sedan"
    return f"för {hours} timmar sedan" if hours < 48 else f"för {hours // 24} dagar sedan"
