"""The region words its letters itself: tried before they are saved, refused with every fault, and ours again at a press."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from sqlmodel import select

from service.cases.letter_texts import TRIAL
from service.cases.propose import send_proposal
from service.pages.letters import MEANING
from service.post.letters import CODE, LINK, NOT_EDITED, PLACES, SAMPLES, SITE, LetterName, templates
from service.settings import load
from service.store.session import Store
from service.store.tables import Event, LetterText, Message, Person
from tests.pages.site import Site, Visitor, running, words
from tests.pages.test_overview import elin
from tests.people import draft, later
from tests.postoffice import PostOffice, post_office, text
from tests.stores import migrated_file, store

__all__ = ["elin", "migrated_file", "post_office", "store"]

PAGE = "/installningar/brev/proposal"
OWN = "Hej {{namn}}!\n\nVårt förslag:\n[[lank]]\n\nRing {{ telefon }} om du undrar något.\n"


@pytest.fixture
def site(store: Store, tmp_path: Path, post_office: PostOffice) -> Iterator[Site]:
    server = post_office.settings
    with running(store, load(data_dir=tmp_path, smtp_host=server.host, smtp_port=server.port, smtp_tls="none")) as served:
        yield served


def test_a_saved_text_is_what_people_get(site: Site, elin: Visitor) -> None:
    form = elin.get(PAGE)
    assert "Standardtext" in words(form)
    assert "{{ svarsdatum }} sista svarsdag" in words(form)
    saved = elin.submit(form, PAGE, subject="Förslag från {{ region }}", body=OWN)
    assert "Brevet är sparat." in words(saved)
    assert "Vårt förslag: [personlig länk] Ring 010-000 10 01" in words(saved)
    with site.store.write() as session:
        send_proposal(session, site.cast.elin, later(), site.agreement)
    with site.store.read() as session:
        message = session.exec(select(Message)).one()
        assert (message.subject, message.body.splitlines()[2:4]) == ("Förslag från Region Dalarna", ["Vårt förslag:", "[[lank]]"])
        assert message.body.startswith("Hej Karin Östlund!")
        assert session.exec(select(Event.kind)).all().count("change_letter") == 1
    assert "Egen text" in words(elin.get("/installningar/brev"))


def test_ours_is_back_at_a_press(site: Site, elin: Visitor) -> None:
    saved = elin.submit(elin.get(PAGE), PAGE, subject="Förslag", body=OWN)
    restored = elin.submit(saved, "/aterstallning")
    assert "Brevet är återställt." in words(restored)
    assert templates()[LetterName.proposal].subject in restored.text
    with site.store.read() as session:
        assert session.exec(select(LetterText)).all() == []


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"body": "{{ lösenord }} [[lank]]"}, "body", "{{ lösenord }} går inte att använda här. Välj bland: {{ antal }}, "),
        ({"body": "{{ motivering }} [[lank]]"}, "body", "{{ motivering }} går inte att använda här."),
        ({"body": "{{ namn }}"}, "body", "[[lank]] ska stå exakt en gång i brevet."),
        ({"body": "[[lank]] [[lank]]"}, "body", "[[lank]] ska stå exakt en gång i brevet."),
        ({"body": "[[lank]] [[kod]]"}, "body", "[[kod]] finns inte i det här brevet."),
        ({"body": "[[lank]] {{ namn"}, "body", "Skriv platser så här: {{ namn }}."),
        ({"body": "[[lank]] {{ namn.__class__ }}"}, "body", "Skriv platser så här: {{ namn }}."),
        ({"body": "[[lank]] {% for x in y %}{{ 7*7 }}"}, "body", "Skriv platser så här: {{ namn }}."),
        ({"body": " "}, "body", "Skriv en text."),
        ({"body": "[[lank]]" + "x" * 5_000}, "body", "Texten är för lång"),
        ({"subject": "Till {{ namn }}"}, "subject", "{{ namn }} går inte att använda här."),
        ({"subject": "Se [[lank]]"}, "subject", "Ämnesraden kan inte ha någon länk eller kod."),
        ({"subject": "Hej\nBcc: alla@kommun.example"}, "subject", "Skriv allt på en rad."),
    ],
)
def test_what_cannot_be_sent_is_refused_at_its_field_and_stays_typed(
    site: Site, elin: Visitor, typed: dict[str, str], field: str, said: str
) -> None:
    refused = elin.submit(elin.get(PAGE), PAGE, **{"subject": "Förslag", "body": OWN, **typed})
    assert refused.status_code == 422
    assert f'id="f-{field}-error"' in refused.text
    assert said in words(refused)
    assert typed[field].split("\n")[0].strip()[:60] in unescape(refused.text)
    with site.store.read() as session:
        assert session.exec(select(LetterText)).all() == []


def test_a_test_goes_to_the_one_who_asks_and_nothing_is_saved(site: Site, elin: Visitor, post_office: PostOffice) -> None:
    done = elin.submit(elin.get(PAGE), PAGE, subject="Förslag till {{ kommun }}", body=OWN, prov="1")
    assert "Testet är på väg till dig." in words(done)
    (mail,) = post_office.mails
    with site.store.read() as session:
        person = session.get_one(Person, site.cast.elin.person)
        assert session.exec(select(Message)).one().purpose == TRIAL
        assert session.exec(select(LetterText)).all() == []
    assert mail["To"].addresses[0].addr_spec == person.email
    assert mail["Subject"] == "Test: Förslag till Falu kommun"
    assert "[personlig länk]" in text(mail)
    assert "/k/" not in text(mail)


def test_the_second_of_two_who_save_hears_of_it_and_keeps_their_text(site: Site, elin: Visitor) -> None:
    first, second = elin.get(PAGE), elin.get(PAGE)
    elin.submit(first, PAGE, subject="Först", body=OWN)
    late = elin.submit(second, PAGE, subject="Sedan", body=OWN)
    assert late.status_code == 412
    assert 'value="Sedan"' in late.text


def test_codes_and_made_up_letters_are_not_there_and_contacts_see_none(site: Site, elin: Visitor) -> None:
    for name in [*NOT_EDITED, "hittapa"]:
        assert elin.get(f"/installningar/brev/{name}").status_code == 404
        assert elin.post(f"/installningar/brev/{name}", subject="x", body="y").status_code == 404
    karin = site.visitor(site.cast.karin)
    assert karin.get(PAGE).status_code == 403
    assert karin.get("/installningar/brev").status_code == 403


def test_another_regions_words_are_its_own(site: Site, elin: Visitor) -> None:
    elin.submit(elin.get(PAGE), PAGE, subject="Förslag", body=OWN)
    with site.store.write() as session:
        row = session.exec(select(LetterText)).one()
        row.region_id = site.cast.borlange
        session.add(row)
        send_proposal(session, site.cast.elin, later(), draft(session, site.cast, site.cast.falun, "en-till"))
    with site.store.read() as session:
        assert session.exec(select(Message)).one().subject == "Förslag till överenskommelse – Falu kommun och Region Dalarna"


def test_every_place_has_a_meaning_and_a_sample() -> None:
    assert set(SAMPLES) == PLACES
    assert set(MEANING) == PLACES | {LINK, CODE, SITE}
