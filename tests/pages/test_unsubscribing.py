"""Summaries can be refused in one click from the mail, without signing in; requests to one person still come."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session, col, select

from service.cases import remind
from service.cases.digests import DIGESTS
from service.cases.propose import send_proposal
from service.post.letters import LetterName
from service.settings import load
from service.store import outbox
from service.store.session import Store
from service.store.tables import ContactAssignment, Event, Message, Person, Reminder
from service.sweeps import deliver_outbox
from states.message import State
from states.parties import Actor
from states.tokens import unsubscribe_token
from tests.browser import CERTIFICATES
from tests.pages.site import Site, running, words
from tests.people import draft, later
from tests.postoffice import PostOffice, post_office
from tests.service.cases.test_remind import morning
from tests.stores import migrated_file, store

__all__ = ["migrated_file", "post_office", "store"]

PURPOSES = [LetterName.reminder_several, LetterName.sign_request, LetterName.problem_digest]


@pytest.fixture
def site(store: Store, tmp_path: Path, post_office: PostOffice) -> Iterator[Site]:
    server = post_office.settings
    with running(store, load(data_dir=tmp_path, smtp_host=server.host, smtp_port=server.port, smtp_tls="none")) as served:
        yield served


def write(session: Session, to: Actor, purpose: LetterName, key: str = "") -> None:
    assignment = session.get_one(ContactAssignment, to.assignment)
    person = session.get_one(Person, to.person)
    outbox.queue(
        session,
        later(),
        key=f"{purpose}{key}",
        purpose=purpose.value,
        subject=purpose.value,
        body="Hej!",
        recipient=person.email,
        assignment=assignment,
    )


def sent(site: Site, post_office: PostOffice, at: datetime) -> dict[str, str]:
    """What arrives now: the subject of each mail with its address to unsubscribe."""
    before = len(post_office.mails)
    deliver_outbox(site.store, site.settings, lambda: at)
    return {str(mail["Subject"]): str(mail["List-Unsubscribe"] or "").strip("<>") for mail in post_office.mails[before:]}


def client(site: Site) -> httpx.Client:
    return httpx.Client(base_url=site.url, verify=CERTIFICATES, timeout=30)


def test_one_click_without_a_cookie_spares_the_reader_every_summary(site: Site, post_office: PostOffice) -> None:
    with site.store.write() as session:
        for purpose in PURPOSES:
            write(session, site.cast.karin, purpose)
    first = sent(site, post_office, later(1))
    assert {name for name, address in first.items() if address} == {purpose.value for purpose in DIGESTS}
    assert all(
        mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" for mail in post_office.mails if mail["List-Unsubscribe"]
    )
    address = first["reminder_several"]
    assert address.startswith(f"{site.settings.base_url}/avanmal/")
    assert f"List-Unsubscribe: <{address}>\r\n".encode() in b"".join(post_office.taken), "folded or encoded: nobody could read it"

    path = address.removeprefix(site.settings.base_url)
    with client(site) as mail_program:
        look = mail_program.get(path)
        assert "Skicka inga sammanfattningar" in words(look)
        assert post_office.mails[0]["To"].addresses[0].addr_spec not in look.text
        done = mail_program.post(path, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
        assert "Vi skickar inga fler sammanfattningar" in words(done)
        assert mail_program.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200

    with site.store.write() as session:
        for purpose in PURPOSES:
            write(session, site.cast.karin, purpose, "igen")
            write(session, site.cast.hanna, purpose, "hanna")
    before = len(post_office.mails)
    sent(site, post_office, later(2))
    assert len(post_office.mails) - before == len(PURPOSES) + 1, "Hanna gets all, Karin what is hers alone"
    with site.store.read() as session:
        stopped = session.exec(select(Message).where(col(Message.state) == State.suppressed)).all()
        assert {(m.purpose, m.reason) for m in stopped} == {(p.value, "unsubscribed") for p in DIGESTS}
        assert [e.kind for e in session.exec(select(Event)) if "digests" in e.kind] == ["stop_digests"]
    utkorg = site.visitor(site.cast.elin).get("/utkorg?visa=stoppat")
    assert "Stoppat: mottagaren har avstått från sammanfattningar." in words(utkorg)


def test_a_person_presses_a_button_and_takes_it_back_on_their_own_page(site: Site, post_office: PostOffice) -> None:
    with site.store.write() as session:
        write(session, site.cast.karin, LetterName.reminder_several)
    address = sent(site, post_office, later(1))["reminder_several"].removeprefix(site.settings.base_url)
    karin = site.visitor(site.cast.karin)
    done = karin.submit(karin.get(address), address)
    assert done.url.path == address
    assert "Vi skickar inga fler sammanfattningar" in words(done)
    own = karin.get("/sessioner")
    assert "Du får inga sammanfattningar." in words(own)
    assert "Du får ett mejl om dagen" in words(karin.submit(own, "/sammanfattningar", wanted="1"))
    with site.store.write() as session:
        write(session, site.cast.karin, LetterName.reminder_several, "igen")
    assert "reminder_several" in sent(site, post_office, later(2))


def test_reminders_that_were_not_sent_for_it_say_so(site: Site, post_office: PostOffice) -> None:
    with site.store.write() as session:
        for agreement in (site.agreement, draft(session, site.cast, site.cast.falun, "en-till")):
            send_proposal(session, site.cast.elin, later(), agreement)
        session.get_one(Person, site.cast.karin.person).digests_off_at = later()
        remind.sweep(session, morning("2027-09-16"))
    sent(site, post_office, morning("2027-09-16"))
    with site.store.read() as session:
        assert [row.outcome for row in session.exec(select(Reminder))] == ["unsubscribed"] * 2


def test_an_address_we_never_wrote_is_not_there(site: Site, post_office: PostOffice) -> None:
    with site.store.write() as session:
        write(session, site.cast.karin, LetterName.reminder_several)
    with site.store.read() as session:
        message = session.exec(select(Message.id)).one()
    wrong = [
        "x",
        "x-y",
        unsubscribe_token(b"another key", message.hex),
        "å-%ff-%00",
        unsubscribe_token(site.settings.secret_keys[0], "0" * 32),
        f"{message.hex}-",
    ]
    with client(site) as stranger:
        for token in wrong:
            assert stranger.get(f"/avanmal/{token}").status_code == 404
            assert stranger.post(f"/avanmal/{token}", data={"List-Unsubscribe": "One-Click"}).status_code == 404
        assert stranger.post("/sessioner/sammanfattningar", data={"wanted": "0"}).status_code in (303, 401)
    with site.store.read() as session:
        assert session.get_one(Person, site.cast.karin.person).digests_off_at is None


def test_no_address_to_unsubscribe_lies_in_a_row(site: Site, post_office: PostOffice, tmp_path: Path) -> None:
    with site.store.write() as session:
        write(session, site.cast.karin, LetterName.reminder_several)
    token = sent(site, post_office, later(1))["reminder_several"].rsplit("-", 1)[1]
    assert re.fullmatch(r"[\w-]+", token)
    assert not any(token.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
