"""Mails that came in: read on their agreement, filed by hand from those set aside, and closed to everybody else."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from service.cases.propose import send_proposal
from service.cases.receive import receive
from service.pages.received import WHY
from service.post.inbox import Attachment, Letter
from service.settings import Settings
from service.store.files import Files
from service.store.session import Store
from service.store.tables import Message, ReceivedMail, Task
from states.incoming import Reason
from tests.pages.site import Site, Visitor, running, words
from tests.pages.test_overview import elin
from tests.people import later
from tests.stores import migrated_file, store

__all__ = ["elin", "migrated_file", "store"]


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Iterator[Site]:
    with running(store, Settings(data_dir=tmp_path)) as served:
        with store.write() as session:
            send_proposal(session, served.cast.elin, later(), served.agreement)
        yield served


def arrives(site: Site, sender: str = "", number: int = 1, **changed: object) -> str:
    """A mail with a file, from the recipient of the proposal and answering it unless said otherwise; the path of its page."""
    with site.store.write() as session:
        sent = session.exec(select(Message)).one()
        file = Attachment("yttrande <b>.pdf", "text/html", b"%PDF")
        said = {
            "subject": "Sv: <b>",
            "text": "Vi <svarar>.",
            "answers": (sent.message_id,),
            "headers": {},
            "attachments": (file,),
        }
        letter = Letter(message_id=f"<{number}@k.example>", sender=sender or sent.recipient, **{**said, **changed})  # type: ignore[arg-type]
        mail = receive(session, Files(site.settings.files_dir), later(1), letter)
        assert mail is not None
        return f"/mejl/{mail.id}"


def test_an_answer_is_a_task_and_stands_on_its_agreement(site: Site, elin: Visitor) -> None:
    page = arrives(site)
    today = elin.get("/")
    assert "Läs svar som kom med mejl" in words(today)
    assert f'href="{page}"' in today.text
    assert "Vi <svarar>." in words(elin.get(page))
    on = elin.get(f"{site.path}/mejl")
    assert "Vi <svarar>." in words(on)
    assert "Hämta yttrande <b>.pdf" in words(on)
    assert "<svarar>" not in on.text
    assert f'href="{site.path}/mejl"' in elin.get(site.path).text


def test_a_file_is_handed_out_as_nothing_a_browser_would_show(site: Site, elin: Visitor) -> None:
    page = elin.get(arrives(site)).text
    address = re.search(r'href="(/mejl/[^"]+/filer/[^"]+)"', page)
    assert address is not None
    answer = elin.get(address[1])
    assert answer.content == b"%PDF"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''yttrande%20%3Cb%3E.pdf")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_mail_set_aside_is_filed_by_hand_and_its_task_is_done(site: Site, elin: Visitor) -> None:
    page = arrives(site, answers=())
    assert "svarar inte på något mejl om en överenskommelse" in words(elin.get("/inkorg"))
    refused = elin.submit(elin.get(page), "/inlaggning", agreement="")
    assert refused.status_code == 422
    assert 'href="#f-agreement"' in refused.text
    done = elin.submit(refused, "/inlaggning", agreement=str(site.agreement))
    assert "Mejlet ligger nu på överenskommelsen." in words(done)
    assert "Inlagt för hand." in words(done)
    assert "Vi <svarar>." in words(elin.get(f"{site.path}/mejl"))
    assert "Inga mejl ligger åt sidan." in words(elin.get("/inkorg"))
    assert "Ett mejl som hade kommit in lades på överenskommelsen." in words(elin.get("/logg"))
    with site.store.read() as session:
        assert session.exec(select(Task).where(col(Task.done_at).is_(None))).all() == []
    assert elin.submit(refused, "/inlaggning", agreement=str(site.agreement), key="").status_code == 412


def test_our_own_mail_that_came_back_cannot_be_filed(site: Site, elin: Visitor) -> None:
    with site.store.read() as session:
        own = session.exec(select(Message)).one().message_id
    page = elin.get(_loop(site, own))
    assert "Vårt eget mejl som kom tillbaka." in words(page)
    assert "/inlaggning" not in page.text
    assert elin.post(f"{page.url.path}/inlaggning", agreement=str(site.agreement)).status_code == 409


def _loop(site: Site, own: str) -> str:
    with site.store.write() as session:
        mail = receive(session, Files(site.settings.files_dir), later(1), Letter(own, "a@k.example", "x", "y", (), {}))
        assert mail is not None
        return f"/mejl/{mail.id}"


def test_the_mails_of_a_region_are_nobody_elses(site: Site) -> None:
    page, karin = arrives(site), site.visitor(site.cast.karin)
    for path in (page, "/inkorg", f"{site.path}/mejl"):
        assert karin.get(path).status_code == 403
    with site.store.write() as session:
        mail = session.exec(select(ReceivedMail)).one()
        mail.region_id = None
        session.add(mail)
    assert site.visitor(site.cast.elin).get(page).status_code == 404


def test_empty_pages_say_so(site: Site, elin: Visitor) -> None:
    assert "Inga mejl ligger åt sidan." in words(elin.get("/inkorg"))
    assert "Ingen brevlåda är inställd." in words(elin.get("/inkorg"))
    assert "Inga svar har kommit med mejl ännu." in words(elin.get("/inkorg?visa=inlagda"))
    assert "Inga svar om överenskommelsen har kommit med mejl." in words(elin.get(f"{site.path}/mejl"))


def test_every_reason_has_words() -> None:
    assert set(WHY) == set(Reason)
