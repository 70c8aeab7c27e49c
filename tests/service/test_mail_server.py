"""The mail server as a whole: a fault of its own is one task and costs no mail its tries; what it takes is spread evenly."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from service.cases.mail_server import trouble
from service.settings import Settings, load
from service.store import outbox
from service.store.files import Files
from service.store.session import Store
from service.store.tables import ContactAssignment, Message, Task
from service.sweeps import Pace, deliver_outbox, nightly
from states.message import State
from tests.certificates import issued
from tests.people import later
from tests.postoffice import PostOffice
from tests.service.cases import life
from tests.stores import any_store, migrated_database, migrated_file, pg_store, store

__all__ = ["any_store", "migrated_database", "migrated_file", "pg_store", "store"]


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostOffice]:
    root, context = issued(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    opened = PostOffice(context, "ratt losenord")
    opened.open()
    yield opened
    opened.close()


def told(office: PostOffice, folder: Path, password: str = "ratt losenord", **more: object) -> Settings:
    server = replace(office.settings, user="overens")
    return load(
        data_dir=folder,
        smtp_host=server.host,
        smtp_port=server.port,
        smtp_tls=server.security,
        smtp_sender=server.sender,
        smtp_user="overens",
        smtp_password=password,
        **more,
    )


def begin(store: Store, folder: Path, count: int) -> life.Case:
    case = life.begin(store, Files(folder / "files"))
    with store.write() as session:
        for number in range(count):
            outbox.queue(session, later(), key=f"{number}", purpose="test", subject="Hej", body="Hej!", recipient="x@k.example")
    return case


def test_a_wrong_password_is_one_task_whatever_waits_and_it_closes_itself(
    any_store: Store, office: PostOffice, tmp_path: Path
) -> None:
    case, wrong = begin(any_store, tmp_path, 7), told(office, tmp_path, "fel losenord")
    for minute in range(1, 20):
        assert deliver_outbox(any_store, wrong, lambda m=minute: later() + timedelta(minutes=m)) == 0  # type: ignore[misc]
    with any_store.read() as session:
        (task,) = session.exec(select(Task)).all()
        assert (task.organisation_id, task.done_at) == (case.cast.region, None)
        assert trouble(session, case.cast.region).startswith("Mejlservern släppte inte in oss (535")
        assert {(m.state, m.attempts) for m in session.exec(select(Message))} == {(State.queued, 0)}
    assert office.taken == []
    assert office.logins <= 19 * 2  # at most one line a minute; smtplib tries two ways of saying the password

    assert deliver_outbox(any_store, told(office, tmp_path), lambda: later(1)) == 7
    assert len(office.taken) == 7
    with any_store.read() as session:
        assert session.exec(select(Task)).one().done_at == later(1)
        assert trouble(session, case.cast.region) == ""


def test_a_second_fault_is_a_second_task(store: Store, office: PostOffice, tmp_path: Path) -> None:
    begin(store, tmp_path, 2)
    for password, day in (("fel", 0), ("ratt losenord", 1), ("fel", 2)):
        with store.write() as session:
            outbox.queue(session, later(day), key=f"d{day}", purpose="t", subject="Hej", body="Hej!", recipient="x@k.example")
        deliver_outbox(store, told(office, tmp_path, password), lambda day=day: later(day, seconds=1))  # type: ignore[misc]
    with store.read() as session:
        assert [task.done_at is None for task in session.exec(select(Task).order_by(Task.created_at))] == [False, True]  # type: ignore[arg-type]


def test_a_few_mails_a_minute_are_spread_over_it(store: Store, office: PostOffice, tmp_path: Path) -> None:
    begin(store, tmp_path, 5)
    began = time.monotonic()
    assert deliver_outbox(store, told(office, tmp_path, smtp_per_minute=240), lambda: later(1)) == 5
    assert time.monotonic() - began >= 4 * 60 / 240


def test_the_pace_holds_no_more_than_the_setting_and_makes_up_for_no_pause() -> None:
    pace, began = Pace(6000), time.monotonic()
    for _ in range(50):
        pace.wait()
    assert time.monotonic() - began >= 0.49
    time.sleep(0.1)
    began = time.monotonic()
    for _ in range(10):
        pace.wait()
    assert time.monotonic() - began >= 0.09


def test_what_is_stopped_in_a_batch_does_not_end_the_round(store: Store, office: PostOffice, tmp_path: Path) -> None:
    case = begin(store, tmp_path, 0)
    with store.write() as session:
        gone = session.get_one(ContactAssignment, case.cast.karin.assignment)
        gone.blocked = True
        session.add(gone)
        for number in range(120):
            to = gone if number == 0 else None
            outbox.queue(
                session, later(), key=f"{number}", purpose="t", subject="Hej", body="Hej!", recipient="x@k.example", assignment=to
            )
    assert deliver_outbox(store, told(office, tmp_path, smtp_per_minute=60_000), lambda: later(1)) == 119


def test_a_mailbox_that_does_not_open_is_told_the_next_morning(store: Store, tmp_path: Path) -> None:
    begin(store, tmp_path, 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = load(
        data_dir=tmp_path, imap_host="127.0.0.1", imap_port=port, imap_tls="none", imap_user="svar", imap_password="x"
    )
    assert nightly(store, settings, later(1), later(1)).digests > 0
    with store.read() as session:
        bodies = {message.body for message in session.exec(select(Message))}
    assert all("– Brevlådan för svar går inte att öppna: servern svarar inte." in body for body in bodies)
