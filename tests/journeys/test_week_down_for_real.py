"""The real `overens up` is down for a week of daily reminders: its next start sends each person one mail, not seven."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import select

from service.cases.propose import send_proposal
from service.clock import OFFSET_FILE, start_at
from service.schedules import Schedules
from service.settings import Settings, load
from service.store.schema import migrate
from service.store.session import Store
from service.store.tables import Agreement, ClauseVersion, Programme, Reminder
from states.calendar import TZ, is_workday
from tests.flows.test_up import eventually, free_port
from tests.people import arrive, draft
from tests.postoffice import PostOffice, post_office

__all__ = ["post_office"]
pytestmark = pytest.mark.scheduler

EACH_ONE = {"Karin Östlund": 1, "Hanna Qvist": 1}
LATE_RUNS = 7
"""As many as a scheduler may still have waiting, which it starts without asking whether they are of use."""


@pytest.fixture
def settings(post_office: PostOffice, tmp_path: Path) -> Settings:
    port = free_port()
    return load(
        data_dir=tmp_path,
        demo=True,  # for its clock: the days are invented, everything else is real
        base_url=f"http://127.0.0.1:{port}",
        prefect_port=free_port(),
        smtp_host=post_office.settings.host,
        smtp_port=post_office.settings.port,
        smtp_tls="none",
    )


def test_a_start_after_a_week_sends_each_person_one_mail(settings: Settings, post_office: PostOffice) -> None:
    after = _a_day_of_the_past()
    before = after - timedelta(days=7)
    _matters(settings, before, due=after + timedelta(days=2))

    set_clock(settings, before)
    with up(settings):
        eventually(lambda: _reminded(post_office) == EACH_ONE, 180)
    down = len(post_office.mails)

    set_clock(settings, after)
    with up(settings) as schedules:
        for _ in range(LATE_RUNS):
            schedules.run_now("reminders")
        eventually(lambda: _reminded(post_office, down) == EACH_ONE, 180)
        ran = _ended(schedules)
        eventually(lambda: _ended(schedules) >= ran + 2, 180)
    assert _reminded(post_office, down) == EACH_ONE
    with Store(settings.database_url).read() as session:
        told = Counter(row.outcome for row in session.exec(select(Reminder)))
    assert told["queued"] == 2 * 4, "four matters, each on two days"
    assert told["collapsed"] + told["past_due"] >= 4, "the days between have their reason"


def _a_day_of_the_past() -> date:
    """The latest workday that is over and has a workday a week before it."""
    today = datetime.now(TZ).date()
    return next(day for n in range(2, 40) if is_workday(day := today - timedelta(n)) and is_workday(day - timedelta(7)))


def _matters(settings: Settings, first: date, due: date) -> None:
    """Two plans with Falun and two with Borlänge, each reminding on every day before the answer is due."""
    store, proposed = Store(settings.database_url), _at(first - timedelta(days=12))
    migrate(store)
    with store.write() as session:
        cast = arrive(session)
        for slug, town in (("dalarna-2027", cast.falun), ("b", cast.falun), ("c", cast.borlange), ("d", cast.borlange)):
            agreement = draft(session, cast, town, slug)
            session.get_one(Agreement, agreement).due = due
            send_proposal(session, cast.elin, proposed, agreement)
        for programme in session.exec(select(Programme)):
            programme.policy = {"before": list(range(1, 15)), "max_unanswered": 20}
            session.add(programme)
        session.exec(update(ClauseVersion).values(at=proposed))  # the cast writes its texts on a day of its own
    store.close()


def set_clock(settings: Settings, day: date) -> None:
    """Let the service's day be this one, nine in the morning."""
    (settings.data_dir / OFFSET_FILE).unlink(missing_ok=True)
    start_at(settings, _at(day))


def _at(day: date) -> datetime:
    return datetime.combine(day, time(9), TZ).astimezone(UTC)


def _reminded(office: PostOffice, since: int = 0) -> dict[str, int]:
    mails = [mail for mail in office.mails[since:] if str(mail["Subject"]).startswith("Påminnelse")]
    return dict(Counter(mail["To"].addresses[0].display_name for mail in mails))


def _ended(schedules: Schedules) -> int:
    return sum((run.schedule, run.state) == ("reminders", "COMPLETED") for run in schedules.past(200))


@contextmanager
def up(settings: Settings) -> Iterator[Schedules]:
    """The whole service from its start to an orderly stop."""
    told = {
        "DATA_DIR": str(settings.data_dir),
        "DEMO": "true",
        "BASE_URL": settings.base_url,
        "PREFECT_PORT": str(settings.prefect_port),
        "SMTP_HOST": settings.smtp_host,
        "SMTP_PORT": str(settings.smtp_port),
        "SMTP_TLS": "none",
    }
    environment = os.environ | {f"OVERENS_{name}": value for name, value in told.items()}
    command = [sys.executable, "-m", "service", "up", "--port", settings.base_url.rpartition(":")[2]]
    with (
        (settings.data_dir / "up.log").open("a") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            with Schedules(settings) as schedules:
                eventually(lambda: "ready http" in (settings.data_dir / "up.log").read_text(), 120)
                yield schedules
        finally:
            process.terminate()
            assert process.wait(40) == 0
    (settings.data_dir / "up.log").unlink()
