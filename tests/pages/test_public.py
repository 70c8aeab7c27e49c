"""The public pages without cookie or script: what is published can be read by anybody, and about all else nothing is told."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as Xml

import httpx
import pytest
from sqlmodel import col, select

from service.app import create_app
from service.cases import publish
from service.cases.demo import demo_clock, demo_people
from service.cases.report_flaw import KIND, MOST_AN_HOUR, report_flaw
from service.pages.about import REVIEWED
from service.settings import Settings
from service.store.session import Store
from service.store.tables import Publication, Task
from states.errors import TooMany
from states.parties import Actor
from tests.pages.site import words
from tests.people import NOW, arrive
from tests.stores import Demonstration, demonstration, migrated_file, store

__all__ = ["demonstration", "migrated_file", "store"]


class Citizen:
    """Somebody with an empty browser, asking the whole house without a server."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.app = create_app(settings, store)
        self.settings = settings

    def ask(self, method: str, path: str, **typed: str) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=self.settings.base_url) as client:
                headers = {"Origin": self.settings.base_url}
                return await client.request(method, path, data=typed or None, headers=headers)

        return asyncio.run(once())

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)


@pytest.fixture(scope="module")
def seeded(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demonstration with its signed files made; these tests change nothing in it but tasks."""
    folder = tmp_path_factory.mktemp("public")
    made = Store(f"sqlite:///{folder / 'overens.sqlite3'}")
    demonstration.laid_in(made, folder / "files")
    yield made
    made.close()


@pytest.fixture
def citizen(seeded: Store) -> Citizen:
    folder = Path(seeded.url.removeprefix("sqlite:///")).parent
    return Citizen(seeded, Settings(data_dir=folder))


def _slug(store: Store) -> str:
    with store.read() as session:
        return session.exec(select(Publication.slug).order_by(col(Publication.slug))).all()[0]


def test_the_list_names_every_municipality_and_says_the_same_of_all_without_anything(citizen: Citizen) -> None:
    page = citizen.get("/publikt")
    text = words(page)
    assert page.status_code == 200
    assert "Falu kommun" in text
    assert "Gäller" in text
    assert "Ännu ingen överenskommelse" in text
    for word in ("Avböjd", "Utkast", "Hos kommunen", "tackat nej", "Undertecknad"):
        assert word not in text
    assert page.text.count('<th scope="row">') == 15


def test_no_page_sets_a_cookie_or_loads_a_script(citizen: Citizen, seeded: Store) -> None:
    for path in ("/publikt", f"/publikt/{_slug(seeded)}", "/publikt/atom", "/tillganglighet", "/om", "/hjalp"):
        answer = citizen.get(path)
        assert answer.status_code == 200, path
        assert "set-cookie" not in answer.headers, path
        assert "<script" not in answer.text, path


def test_a_published_agreement_can_be_read_and_its_file_fetched(citizen: Citizen, seeded: Store) -> None:
    page = citizen.get(f"/publikt/{_slug(seeded)}")
    text = words(page)
    for part in ("Parter", "Region Dalarna", "Vad vi vill", "Underskrifter", "Torun Hällgren", "Kontrollkod"):
        assert part in text
    assert page.headers["cache-control"] == "public, max-age=300"
    file = citizen.get(f"/publikt/{_slug(seeded)}/fil")
    assert file.content[:2] == b"PK"
    assert "filename*=UTF-8''overenskommelse-" in file.headers["content-disposition"]


def test_what_was_never_published_is_not_found(citizen: Citizen) -> None:
    assert citizen.get("/publikt/gagnef-2027-2030").status_code == 404
    assert citizen.get("/publikt/gagnef-2027-2030/fil").status_code == 404


def test_what_was_taken_down_says_why(store: Store, demonstration: Demonstration, tmp_path: Path) -> None:
    demonstration.laid_in(store, tmp_path / "files")
    slug = _slug(store)
    with store.write() as session:
        who = demo_people(session)[0][1]
        elin = Actor(who.id, who.person_id, who.organisation_id, who.role, "Elin")
        agreement = session.exec(select(Publication.agreement_id).where(Publication.slug == slug)).one()
        publish.unpublish(session, elin, demo_clock() + timedelta(days=1), agreement, "Bilagan var fel.")
    citizen = Citizen(store, Settings(data_dir=tmp_path))
    gone = citizen.get(f"/publikt/{slug}")
    assert gone.status_code == 410
    assert "Bilagan var fel." in gone.text
    assert citizen.get(f"/publikt/{slug}/fil").status_code == 404
    assert f"/publikt/{slug}" not in citizen.get("/publikt").text


def test_an_empty_house_says_that_nothing_is_ready(store: Store, tmp_path: Path) -> None:
    citizen = Citizen(store, Settings(data_dir=tmp_path))
    assert "Inga överenskommelser är klara ännu." in words(citizen.get("/publikt"))
    assert Xml.fromstring(citizen.get("/publikt/atom").content).tag.endswith("feed")


def test_the_feed_lists_what_is_published_newest_first(citizen: Citizen, seeded: Store) -> None:
    answer = citizen.get("/publikt/atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    space = {"a": "http://www.w3.org/2005/Atom"}
    root = Xml.fromstring(answer.content)
    moments = [e.findtext("a:updated", namespaces=space) or "" for e in root.findall("a:entry", space)]
    with seeded.read() as session:
        assert len(moments) == len(session.exec(select(Publication.id)).all())
    assert moments == sorted(moments, reverse=True)
    assert root.findtext("a:updated", namespaces=space) == moments[0]


def test_anybody_can_report_a_flaw_and_gets_a_receipt(citizen: Citizen, seeded: Store) -> None:
    empty = citizen.ask("POST", "/tillganglighet", what="", where="Startsidan")
    assert empty.status_code == 422
    assert "Skriv vad som inte fungerar." in words(empty)
    assert 'value="Startsidan"' in empty.text
    sent = citizen.ask("POST", "/tillganglighet", what="Knappen syns inte.", email="a@b.example")
    assert sent.status_code == 303
    number = sent.headers["location"].rsplit("/", 1)[1]
    assert number in words(citizen.get(sent.headers["location"]))
    with seeded.read() as session:
        tasks = session.exec(select(Task).where(Task.kind == KIND)).all()
    assert len(tasks) == 2, "one for each region of the demonstration"
    assert all(number in task.title and "Knappen syns inte." in task.detail for task in tasks)


def test_a_machine_that_reports_without_end_is_asked_to_wait(store: Store, tmp_path: Path) -> None:
    with store.write() as session:
        arrive(session)
        for _ in range(MOST_AN_HOUR):
            report_flaw(session, NOW, "Något.")
        with pytest.raises(TooMany):
            report_flaw(session, NOW, "Något.")
        report_flaw(session, NOW + timedelta(hours=2), "Något.")


def test_the_accessibility_statement_is_no_older_than_a_year() -> None:
    assert datetime.now(UTC).date() - REVIEWED <= timedelta(days=366)


def test_the_statement_names_the_law_the_goal_and_the_authority(citizen: Citizen) -> None:
    text = words(citizen.get("/tillganglighet"))
    for part in ("WCAG 2.2 nivå AA", "EN 301 549", "DIGG", "Rapportera brister", "Kända brister"):
        assert part in text
