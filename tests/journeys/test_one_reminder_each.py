"""Reminders from the ladder to the mail server: they wait for quiet periods, leave once, and Utkorg says why some never do."""

import io
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text as sql

from service import log
from service.cases import backup, contacts
from service.cases.deliver import LEASE
from service.cases.propose import send_proposal
from service.settings import Settings
from service.store.files import Files
from service.store.session import Store
from service.store.tables import METADATA, Agreement, Person, Programme
from service.sweeps import deliver_outbox, sweep_reminders
from states.calendar import TZ
from states.parties import Actor
from states.tokens import fingerprint
from tests.pages.site import Site, Visitor, running, words
from tests.people import draft
from tests.postoffice import PostOffice, text
from tests.service.cases import life
from tests.stores import any_store, migrated_database, migrated_file, pg_store, store

__all__ = ["any_store", "migrated_database", "migrated_file", "pg_store", "store"]

SLOT_DAY = "2027-09-16"
"""The first day on which Falun is reminded of a proposal that nobody has answered; the site's clock stands at the 14th."""

ROUND = """
import sys
from datetime import datetime
from pathlib import Path
from service.settings import Settings
from service.store.session import Store
from service.sweeps import deliver_outbox, sweep_reminders
address, folder, port, now = sys.argv[1:]
settings = Settings(data_dir=Path(folder), smtp_host="127.0.0.1", smtp_port=int(port), smtp_tls="none")
rows, at = Store(address), datetime.fromisoformat(now)
sweep_reminders(rows, at)
deliver_outbox(rows, settings, lambda: at)
"""


class DeadlyOffice(PostOffice):
    """A post office that kills the process which talks to it, when it says hello or when it has handed over a mail."""

    victim: "subprocess.Popen[bytes] | None" = None
    strikes_at: str = ""

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self._strike("hello")
        return await super().handle_EHLO(server, session, envelope, hostname, responses)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        self._strike("mail")
        return answer

    def _strike(self, moment: str) -> None:
        if self.victim and self.strikes_at == moment:
            os.kill(self.victim.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Scene:
    """A served region whose proposal to Falun has been mailed, and the office that its mail goes to."""

    site: Site
    case: life.Case
    office: DeadlyOffice

    @property
    def elin(self) -> Visitor:
        return self.site.visitor(self.site.cast.elin)

    def round(self, now: datetime) -> int:
        """What the schedules do at that time; returns how many reminders were queued."""
        queued = sweep_reminders(self.site.store, now).queued
        deliver_outbox(self.site.store, self.site.settings, lambda: now)
        return queued

    def reminded(self) -> list[str]:
        """Who has got reminders, oldest first."""
        return [str(mail["To"]) for mail in self.office.mails if str(mail["Subject"]).startswith("Påminnelse")]


@pytest.fixture
def scene(any_store: Store, tmp_path: Path) -> Iterator[Scene]:
    office = DeadlyOffice()
    office.open()
    mail = office.settings
    settings = Settings(data_dir=tmp_path, smtp_host=mail.host, smtp_port=mail.port, smtp_tls="none")
    with running(any_store, settings) as site:
        case = life.propose(life.Case(any_store, site.cast, site.agreement, Files(settings.files_dir)))
        made = Scene(site, case, office)
        made.round(morning("2027-05-10"))
        yield made
    office.close()


@pytest.fixture
def logged() -> io.StringIO:
    """What the service logs."""
    stream = io.StringIO()
    log.configure("info", stream)
    return stream


def morning(day: str, clock: time = time(9)) -> datetime:
    return datetime.combine(date.fromisoformat(day), clock, TZ).astimezone(UTC)


def rests(scene: Scene, first: str, last: str) -> None:
    """The programme has a quiet period."""
    with scene.site.store.write() as session:
        programme = session.get_one(Programme, session.get_one(Agreement, scene.case.id).programme_id)
        programme.quiet_periods = [{"from": first, "to": last, "reason": "höstlov"}]
        session.add(programme)


def leaves(scene: Scene, actor: Actor) -> None:
    with scene.site.store.write() as session:
        assert actor.assignment
        contacts.end(session, scene.site.cast.elin, morning("2027-09-14"), actor.assignment)


def test_a_reminder_due_in_a_quiet_period_reaches_its_reader_on_the_first_workday_after_it(scene: Scene) -> None:
    rests(scene, "2027-09-13", "2027-09-19")
    plan = words(scene.elin.get("/utkorg?visa=plan"))
    assert "måndag 20 september 2027" in plan
    assert "Flyttad till första arbetsdagen efter den tysta perioden." in plan
    came = {day: scene.round(morning(f"2027-09-{day}")) for day in range(13, 23)}
    assert came == {**dict.fromkeys(range(13, 23), 0), 20: 1}
    assert len(scene.reminded()) == 1
    assert "Karin" in scene.reminded()[0]


def test_whose_assignment_ended_gets_none_and_utkorg_says_why(scene: Scene) -> None:
    leaves(scene, scene.site.cast.karin)
    assert scene.round(morning(SLOT_DAY)) == 1
    assert [to.split()[0] for to in scene.reminded()] == ["Peter"]
    said = words(scene.elin.get("/utkorg?visa=uteblivet"))
    assert "Påminnelse om att svara, Falu kommun" in said
    assert "torsdag 16 september 2027 Till Karin Östlund" in said
    assert "Ingen påminnelse: kontaktpersonens uppdrag har upphört." in said


def test_a_reminder_already_written_is_stopped_when_its_readers_assignment_ends_and_utkorg_says_why(scene: Scene) -> None:
    assert sweep_reminders(scene.site.store, morning(SLOT_DAY)).queued == 1
    leaves(scene, scene.site.cast.karin)
    scene.round(morning(SLOT_DAY, time(10)))
    assert not any("Karin" in to for to in scene.reminded())
    said = words(scene.elin.get("/utkorg?visa=stoppat"))
    assert "Till Karin Östlund" in said
    assert "Stoppat: mottagarens uppdrag har upphört." in said


def test_however_often_it_is_killed_or_repeated_each_reminder_keeps_one_number(scene: Scene, tmp_path: Path) -> None:
    """Killed after queueing, before sending; killed with a mail handed over and not yet noted, twice; then run twice more."""
    with scene.site.store.write() as session:
        other = draft(session, scene.site.cast, scene.site.cast.borlange, slug="den-andra")
        send_proposal(session, scene.site.cast.elin, morning("2027-05-10"), other)
    deliver_outbox(scene.site.store, scene.site.settings, lambda: morning("2027-05-10", time(10)))
    now, kills = morning(SLOT_DAY, time(8)), ("hello", "mail", "mail")
    for moment in kills:
        killed_at(scene, moment, now, tmp_path)
        now += LEASE
    scene.office.victim = None
    assert scene.round(now) == 0
    assert scene.round(now + LEASE) == 0
    numbers = {str(m["Message-ID"]): str(m["To"]) for m in scene.office.mails if str(m["Subject"]).startswith("Påminnelse")}
    assert Counter(to.split()[0] for to in numbers.values()) == {"Karin": 1, "Hanna": 1}
    assert 1 <= len(scene.reminded()) - len(numbers) <= len(kills)


def killed_at(scene: Scene, moment: str, now: datetime, folder: Path) -> None:
    arguments = [scene.site.store.url, str(folder), str(scene.office.settings.port), now.isoformat()]
    scene.office.strikes_at = moment
    scene.office.victim = subprocess.Popen([sys.executable, "-c", ROUND, *arguments])
    assert scene.office.victim.wait(60) == -signal.SIGKILL


def test_no_link_or_code_that_was_mailed_lies_anywhere_afterwards(scene: Scene, tmp_path: Path, logged: io.StringIO) -> None:
    """Opened, used up, typed wrong and right: not in the rows, the write-ahead log, a backup or what the service logs."""
    site = scene.site
    (link,) = _found(r"/k/([\w-]{43})", scene)
    with site.store.read() as session:
        email = session.get_one(Person, site.cast.karin.person).email
    with httpx.Client(base_url=site.url, headers={"Origin": site.url}, timeout=30) as browser:
        assert [browser.get(f"/k/{link}").status_code, browser.post(f"/k/{link}").status_code] == [200, 303]
        browser.get(f"/k/{link}x")
        browser.post("/k/kod", data={"email": email})
        deliver_outbox(site.store, site.settings, lambda: datetime.now(UTC))
        (code,) = _found(r"^([A-Z2-9]{8})\s*$", scene)
        assert browser.post("/k/kod/svar", data={"code": f"{code}x"}).status_code == 422
        assert browser.post("/k/kod/svar", data={"code": code}).status_code == 303
        cookies = set(browser.cookies.values())
    copy, _ = backup.make(site.store, scene.case.files, tmp_path / "copies", b"k" * 40, datetime.now(UTC))
    kept = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    kept |= {"rows": _rows(site.store).encode(), "log": logged.getvalue().encode()}
    assert fingerprint(link).encode() in kept["rows"]
    assert b'"/k/[dolt]"' in kept["log"]
    assert str(copy) in kept
    if site.store.url.startswith("sqlite"):
        assert fingerprint(link).encode() in kept[str(copy)]
        assert {path for path in kept if path.endswith("-wal")}
    for secret in {link, code, *cookies}:
        found = [place for place, data in kept.items() if secret.encode().lower() in data.lower()]
        assert found == [], f"{secret!r} lies there"


def _found(pattern: str, scene: Scene) -> set[str]:
    return {hit for mail in scene.office.mails for hit in re.findall(pattern, text(mail), re.MULTILINE)}


def _rows(store: Store) -> str:
    """Every column of every table as text."""
    with store.read() as session:
        connection = session.connection()
        return "\n".join(
            str(tuple(row))
            for table in METADATA.sorted_tables
            for row in connection.execute(sql(f'SELECT * FROM "{table.name}"'))
        )
