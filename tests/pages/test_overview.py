"""The strategist's pages without a script: from a new plan to sent proposals, and what each list says; strangers see nothing."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session, col, select
from starlette.requests import Request

from service.pages.event_words import sentence
from service.pages.matrix import alphabetical, safe
from service.pages.navigation import frame_for
from service.settings import Settings
from service.store.outbox import task
from service.store.session import Store
from service.store.tables import Agreement, Message, Programme, Task
from states.agreement import State
from tests.pages.site import TODAY, Site, Visitor, application, running, words
from tests.stores import Begun, begun, migrated_file, store

__all__ = ["begun", "migrated_file", "store"]

PLAN = """kortnamn: orebro-2028
namn: Plan 2028–2031
period: {från: 2028-01-01, till: 2031-12-31}
svarsdag: {dag: 2028-03-01, fast: ja}
områden:
  - {nummer: 1, rubrik: Musikskola, vill: Alla barn ska få spela.}
"""


@pytest.fixture
def site(store: Store, begun: Begun, tmp_path: Path) -> Iterator[Site]:
    with running(store, Settings(data_dir=tmp_path), begun) as served:
        yield served


@pytest.fixture
def elin(site: Site) -> Visitor:
    return site.visitor(site.cast.elin)


def programme(session: Session, slug: str = "dalarna-2027") -> Programme:
    return session.exec(select(Programme).where(Programme.slug == slug)).one()


@pytest.fixture
def path(site: Site) -> str:
    with site.store.read() as session:
        return f"/program/{programme(session).id}"


def dispatched(site: Site, elin: Visitor, path: str) -> httpx.Response:
    """The draft of the cast, sent from the page."""
    return elin.submit(elin.get(f"{path}/utskick"), "/utskick", utkast=str(site.agreement))


def test_a_draft_stands_in_the_matrix_and_goes_to_the_municipality_when_it_is_sent(site: Site, elin: Visitor, path: str) -> None:
    assert "Falu kommun, Bibliotek och läsning: Inte skickat" in words(elin.get(path))
    sent = dispatched(site, elin, path)
    assert "Förslagen är skickade." in words(sent)
    assert "Falu kommun, Bibliotek och läsning: Kommunen (sedan 14 september, version 1)" in words(sent)
    assert "Hos kommunen" in words(sent)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("lage=draft", True),
        ("lage=signed", False),
        ("utan_kontakt=1", False),
        ("sen=1", False),
        ("vantar=kommun", False),
        ("lage=x", True),
    ],
)
def test_a_filter_leaves_what_it_says(elin: Visitor, path: str, query: str, shown: bool) -> None:
    page = words(elin.get(f"{path}?{query}"))
    assert ("Falu kommun, Kultur och hälsa" in page) is shown
    assert ("Ingen kommun passar filtret." in page) is not shown


def test_the_matrix_can_be_had_as_csv_that_a_spreadsheet_reads(elin: Visitor, path: str) -> None:
    answer = elin.get(f"{path}/matris.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:2] == ["Kommun", "1. Scenkonst för barn och unga"]
    assert (rows[1][0], rows[1][1], rows[1][-1]) == ("Falu kommun", "Inte skickat", "Karin Östlund")


@pytest.mark.parametrize("value", ["=1+1", "+46", "-1", "@a", "\tx"])
def test_no_cell_becomes_a_formula(value: str) -> None:
    assert safe(value) == f"'{value}"
    assert safe("Orsa") == "Orsa"


def test_swedish_letters_sort_last() -> None:
    assert sorted(["Örebro", "Ånge", "Älvdalen", "Orsa"], key=alphabetical) == ["Orsa", "Ånge", "Älvdalen", "Örebro"]


def test_a_plan_comes_from_pasted_text_and_its_faults_are_named_by_line(elin: Visitor) -> None:
    page = elin.get("/program/nytt")
    wrong = elin.submit(page, "/program/nytt", yaml=PLAN.replace("namn:", "nman:"))
    assert wrong.status_code == 422
    assert "Rad 2, nman: Nyckeln är okänd." in words(wrong)
    assert "nman: Plan 2028–2031" in words(wrong)
    assert "Planen är skapad." in words(elin.submit(wrong, "/program/nytt", yaml=PLAN))


def test_a_plan_made_by_hand_gets_areas_municipalities_and_drafts(site: Site, elin: Visitor) -> None:
    plan = {
        "name": "Plan 2030",
        "slug": "plan-2030",
        "period_from": "2030-01-01",
        "period_to": "2033-12-31",
        "yaml": "",
        "firm": "",
    }
    page = elin.get("/program/nytt")
    assert elin.submit(page, "/program/nytt", **{**plan, "period_from": "nyår"}).status_code == 422
    assert "Planen har inga områden ännu." in words(elin.submit(page, "/program/nytt", **plan))
    with site.store.read() as session:
        path = f"/program/{programme(session, 'plan-2030').id}"
    form = elin.get(f"{path}/omraden")
    assert "Skriv en rubrik för området." in words(elin.submit(form, "/omraden", number="1", t="", w="Spela."))
    assert "Området är tillagt." in words(elin.submit(form, "/omraden", number="1", t="Musik", w="Spela."))
    assert "Välj minst en kommun." in words(elin.get(f"{path}/kommuner?granska=1"))
    preview = elin.get(f"{path}/kommuner?granska=1&lan=20")
    assert "2 utkast skapas" in words(preview)
    assert "Utkasten är skapade." in words(elin.submit(preview, "/kommuner"))
    assert "Kan inte skickas ännu" in words(elin.get(f"{path}/utskick"))
    assert "Ange när ni vill ha svar." in words(elin.get(f"{path}/utskick"))


def test_who_has_an_agreement_already_is_skipped_with_the_reason(site: Site, elin: Visitor, path: str) -> None:
    preview = elin.get(f"{path}/kommuner?granska=1&lan=20")
    assert "1 kommun hoppas över Falu kommun har redan en överenskommelse i planen" in words(preview)
    elin.submit(preview, "/kommuner")
    with site.store.read() as session:
        assert len(session.exec(select(Agreement).where(Agreement.state == State.draft)).all()) == 2


def test_an_area_gets_a_new_text_and_a_stale_one_keeps_what_was_typed(elin: Visitor, path: str) -> None:
    found = re.search(r'href="(/omraden/[^"]+)"', elin.get(path).text)
    assert found is not None
    form = elin.get(found[1])
    assert "Den nya texten är sparad." in words(elin.submit(form, found[1], t="Scen"))
    stale = elin.submit(form, found[1], t="Min rubrik", key="another")
    assert stale.status_code == 412
    assert "Min rubrik" in stale.text


def test_a_task_is_closed_or_put_off_with_one_button(site: Site, elin: Visitor) -> None:
    with site.store.write() as session:
        for key in ("a", "b"):
            task(
                session,
                TODAY,
                key=key,
                kind="call",
                organisation_id=site.cast.region,
                title=f"Ring {key}",
                agreement_id=site.agreement,
            )
    page = elin.get("/")
    assert "Karin Östlund" in words(page)
    assert "Noterat att du har ringt." in words(elin.submit(page, "/avslut"))
    with site.store.read() as session:
        left = session.exec(select(Task).where(col(Task.done_at).is_(None))).one()
    form = elin.get(f"/uppgifter/{left.id}")
    assert "Välj en dag som inte har passerat." in words(elin.submit(form, "/avslut", day="2027-01-01"))
    later = words(elin.submit(form, "/avslut", day="2027-10-01", key="another"))
    assert "Uppgiften är uppskjuten." in later
    assert "Inget väntar på dig just nu." in later


def test_an_agreement_that_waits_for_the_region_is_to_be_reviewed(site: Site, elin: Visitor, path: str) -> None:
    assert "Inget väntar på dig just nu." in words(elin.get("/"))
    dispatched(site, elin, path)
    assert "Nästa händelse: Falu kommun: sista svarsdag är torsdag 30 september 2027." in words(elin.get("/"))


def test_a_message_is_held_and_let_go_and_shows_no_secret(site: Site, elin: Visitor, path: str) -> None:
    dispatched(site, elin, path)
    with site.store.read() as session:
        message = session.exec(select(Message).where(Message.purpose == "proposal")).one()
    page = elin.get(f"/utkorg/{message.id}")
    assert "[personlig länk]" in words(page)
    held = elin.submit(page, "/hallande", held="1")
    assert "Hålls kvar tills någon släpper det." in words(held)
    assert "Hålls kvar" in words(elin.get("/utkorg"))
    assert "Mejlet är släppt" in words(elin.submit(held, "/hallande", held="0"))
    assert elin.submit(page, "/hallande", held="1", key="another").status_code == 412
    assert elin.post(f"/utkorg/{message.id}/omsandning").status_code == 409


@pytest.mark.parametrize("box", ["pa-vag", "skickat", "fel", "stoppat", "uteblivet", "plan", "annat"])
def test_each_part_of_the_outbox_opens(elin: Visitor, box: str) -> None:
    assert elin.get(f"/utkorg?visa={box}").status_code == 200


def test_a_party_without_a_contact_stands_first_until_somebody_is_added(site: Site, elin: Visitor, path: str) -> None:
    dispatched(site, elin, path)
    for person in (site.cast.karin, site.cast.peter):
        elin.submit(elin.get(f"/kontakter/{person.assignment}/avslut"), "/avslut")
    page = elin.get("/kontakter")
    assert "En part saknar kontaktperson." in words(page)
    form = elin.get(f"/kontakter/ny/{site.cast.falun}")
    assert "Välj vad personen ska göra." in words(
        elin.submit(form, str(site.cast.falun), name="Ny", email="ny@falun.example", role="")
    )
    added = elin.submit(form, str(site.cast.falun), name="Ny", email="ny@falun.example", role="main", key="another")
    assert "Personen är tillagd." in words(added)
    assert "saknar kontaktperson" not in words(added)


def test_a_blocked_person_is_shut_out_at_once(site: Site, elin: Visitor) -> None:
    karin = site.visitor(site.cast.karin)
    assert karin.get("/min-kommun").status_code == 200
    blocked = elin.post(f"/kontakter/{site.cast.karin.assignment}/sparr", blocked="1")
    assert "Spärrad" in words(blocked)
    assert "/logga-in" in str(karin.get("/min-kommun").url)


def test_the_log_tells_the_story_of_one_agreement_and_the_chain_holds(site: Site, elin: Visitor, path: str) -> None:
    dispatched(site, elin, path)
    story = words(elin.get(f"/logg?overenskommelse={site.agreement}"))
    assert "Ett utkast skapades för Falu kommun med 3 områden." in story
    assert "Förslaget skickades. Svar önskas 30 september 2027." in story
    assert "Inga händelser passar filtret." in words(elin.get("/logg?slag=decline"))
    assert "Kedjan är hel." in words(elin.get("/logg/kontroll"))


def test_a_kind_nobody_has_words_for_still_reads() -> None:
    assert sentence("expire", {}) == "Har upphört."
    assert sentence("send_response", {"party": "Orsa kommun", "answers": 1}) == "Orsa kommun skickade svar på ett område."
    assert sentence("something_new", {"x": 1}) == "Something new."
    assert sentence("decline", {"reason": "{oj}"}) == "Kommunen tackade nej. {oj}"
    invited = sentence("dialogue_invite", {"title": "Forum", "count": 33})
    assert invited == "Inbjudningar skickades: Forum. Antal: 33."


def test_a_municipality_is_led_to_its_own_pages_and_refused_the_others(site: Site, path: str) -> None:
    karin = site.visitor(site.cast.karin)
    assert str(karin.get("/").url).endswith("/min-kommun")
    assert str(karin.get("/kontakter").url).endswith("/min-kommun/kontakter")
    hanna = site.cast.hanna.assignment
    for refused in (path, f"{path}/matris.csv", "/program", "/logg", "/utkorg", f"{path}/kommuner"):
        assert karin.get(refused).status_code == 403
    assert karin.get(f"/kontakter/{hanna}/avslut").status_code == 404
    assert karin.post(f"/kontakter/{hanna}/sparr", blocked="1").status_code == 404


def test_the_menu_holds_what_each_role_may_see(site: Site) -> None:
    app = application(site.store, site.settings)
    request = Request({"type": "http", "app": app, "router": app.router, "headers": [], "method": "GET", "path": "/"})
    cast = site.cast

    def menu(who: object) -> list[str]:
        with site.store.read() as session:
            frame = frame_for(request, session, site.settings, who, "Region Dalarna", TODAY)  # type: ignore[arg-type]
        return [link.label for link in frame.nav]

    assert menu(cast.elin) == ["Att göra", "Översikt", "Dialoger", "Kontakter", "Utkorg", "Händelselogg", "Inställningar"]
    assert menu(cast.registrar) == ["Översikt", "Dialoger", "Kontakter", "Händelselogg"]
    assert menu(cast.falun_registrar) == ["Min kommun", "Dialoger"]
    assert menu(cast.karin) == ["Min kommun", "Dialoger", "Våra kontakter"]
    assert menu(cast.chair) == ["Min kommun", "Dialoger"]
    assert menu(None) == []
