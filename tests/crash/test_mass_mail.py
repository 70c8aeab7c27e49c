"""Five thousand mails due at once, a server that puts a fifth of them off, a deliverer that is killed: all out in time."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlmodel import select

from service.store import outbox
from service.store.session import Store
from service.store.tables import Message
from states.message import State
from tests.crash.house import ROOT
from tests.postoffice import PostOffice
from tests.stores import migrated_database, migrated_file, pg_store, store

__all__ = ["migrated_database", "migrated_file", "pg_store", "store"]
pytestmark = pytest.mark.soak

MAILS, WITHIN = 5_000, 300.0
KILLS_AT = (15.0, 40.0)
"""Seconds after the first start; a lease of a killed one holds two minutes more."""


class Hesitant(PostOffice):
    """Puts a fifth of all mails off, whatever it is asked, the first time it sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        name = envelope.content.split(b"Message-ID: ", 1)[1].split(b"\r\n", 1)[0].decode()
        self.asked[name] += 1
        if self.asked[name] == 1 and sha256(name.encode()).digest()[0] < 256 / 5:
            return "451 4.7.1 Greylisted, try again"
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def hesitant() -> Iterator[Hesitant]:
    office = Hesitant()
    office.open()
    yield office
    office.close()


@pytest.mark.parametrize("kind", ["store", pytest.param("pg_store", marks=pytest.mark.postgres)], ids=["sqlite", "postgresql"])
def test_five_thousand_are_out_within_five_minutes_under_kills(
    kind: str, request: pytest.FixtureRequest, hesitant: Hesitant, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    rows: Store = request.getfixturevalue(kind)
    owed = _queued(rows)
    began = time.monotonic()
    kills = _delivered(rows, hesitant, tmp_path, began)
    took = time.monotonic() - began
    arrived = Counter(str(mail["Message-ID"]) for mail in hesitant.mails)
    again, repeats = sum(n > 1 for n in hesitant.asked.values()), arrived.total() - len(arrived)
    figures = f"{kind}: {MAILS} mails due at once, {again} asked for again, {kills} kills, {repeats} repeats: {took:.0f} s"
    record_property("figures", figures)
    assert arrived.keys() == owed
    assert kills == len(KILLS_AT)
    assert repeats <= kills
    assert took <= WITHIN
    with rows.read() as session:
        assert set(session.exec(select(Message.state))) == {State.sent}


def _queued(rows: Store) -> set[str]:
    now, owed = datetime.now(UTC), set[str]()
    with rows.write() as session:
        for number in range(MAILS):
            letter = {"purpose": "reminder_before", "subject": f"Påminnelse {number}", "body": "Svara gärna.\n" * 12}
            made = outbox.queue(session, now, key=str(number), recipient=f"k{number}@kommun.example", urgent=False, **letter)  # type: ignore[arg-type]
            assert made is not None
            owed.add(made.message_id)
    return owed


def _delivered(rows: Store, office: PostOffice, folder: Path, began: float) -> int:
    """Start the deliverer again whenever it has ended, as the schedule does; kill it at the moments told. Returns the kills."""
    kills = 0
    while not _all_out(rows):
        assert time.monotonic() - began < 2 * WITHIN, "they never all left"
        with _deliverer(rows, office, folder) as process:
            while process.poll() is None:
                if kills < len(KILLS_AT) and time.monotonic() - began > KILLS_AT[kills]:
                    process.kill()
                    kills += 1
                time.sleep(0.2)
        time.sleep(1)
    return kills


def _all_out(rows: Store) -> bool:
    with rows.read() as session:
        return session.exec(select(Message.id).where(Message.state == State.queued).limit(1)).first() is None


@contextmanager
def _deliverer(rows: Store, office: PostOffice, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    settings = {
        "DATA_DIR": str(folder),
        "DATABASE_URL": rows.url.replace("postgresql+psycopg:", "postgresql:"),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(office.settings.port),
        "SMTP_TLS": "none",
    }
    environment = os.environ | {f"OVERENS_{name}": value for name, value in settings.items()}
    with subprocess.Popen([sys.executable, "-m", "service", "deliver"], cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()
