"""A round of dialogue on its pages, without a script, as the strategist, an invited person and a substitute see it."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from icalendar import Calendar
from sqlmodel import col, select

from service.cases.rounds import step_rounds
from service.settings import Settings
from service.store.session import Store
from service.store.tables import (
    Clause,
    ContactAssignment,
    CooperationArea,
    DialogueRound,
    Invitation,
    Message,
    Substitution,
)
from states.dialogue import State
from states.parties import Actor, Role
from tests.browser import serving
from tests.pages.site import Site, Visitor, application, words
from tests.people import arrive, draft
from tests.stores import migrated_file, store

__all__ = ["migrated_file", "store"]

START = datetime(2027, 3, 1, 8, tzinfo=UTC)
AGENDA = {"title_1": "Välkommen", "minutes_1": "30", "leader_1": "Torun Hällgren", "title_2": "Gruppsamtal", "minutes_2": "300"}
MEETING = {"day": "2027-04-14", "starts": "09.30", "ends": "15.00", "place": "Folkets hus, Borlänge", "remote": "1"}


@dataclass
class Hour:
    """The business clock of the house, moved on purpose."""

    now: datetime = START


@dataclass(frozen=True)
class Scene:
    site: Site
    hour: Hour

    def one(self) -> DialogueRound:
        with self.site.store.read() as session:
            return session.exec(select(DialogueRound).order_by(col(DialogueRound.id))).all()[0]

    @property
    def path(self) -> str:
        return f"/dialoger/{self.one().id}"

    def sweep(self) -> None:
        with self.site.store.write() as session:
            step_rounds(session, self.hour.now)

    def invitation(self, actor: Actor) -> Invitation:
        with self.site.store.read() as session:
            return session.exec(select(Invitation).where(Invitation.assignment_id == actor.assignment)).one()

    def guest(self) -> Actor:
        with self.site.store.read() as session:
            query = select(ContactAssignment).join(Substitution, col(Substitution.assignment_id) == col(ContactAssignment.id))
            row = session.exec(query).one()
            return Actor(row.id, row.person_id, row.organisation_id, row.role, "Lo Ek")


@pytest.fixture
def scene(store: Store, tmp_path: Path) -> Iterator[Scene]:
    with store.write() as session:
        cast = arrive(session)
        agreement = draft(session, cast)
    settings, hour = Settings(data_dir=tmp_path), Hour()
    app = application(store, settings)
    app.state.house = replace(app.state.house, clock=lambda: hour.now)
    with serving(app) as url, ExitStack() as clients:
        yield Scene(Site(url, store, settings, cast, agreement, clients), hour)


@pytest.fixture
def elin(scene: Scene) -> Visitor:
    return scene.site.visitor(scene.site.cast.elin)


def planned(scene: Scene, elin: Visitor, **changed: str) -> str:
    """A draft that can be sent; returns its address."""
    typed = {"title": "Regional kulturdialog", "kind": "dialogue", "rsvp_due": "2027-04-02", "questions": "Vad fungerar bra?"}
    with scene.site.store.read() as session:
        area = session.exec(select(CooperationArea)).first()
        assert area is not None
    made = elin.submit(
        elin.get("/dialoger/ny"), "/dialoger/ny", **{**typed, **MEETING, "programme": str(area.programme_id), **changed}
    )
    assert made.status_code == 200, words(made)
    return scene.path


def invited(scene: Scene, elin: Visitor) -> str:
    """Falun and Borlänge are asked."""
    path = planned(scene, elin)
    agenda = re.search(r'"(/dialoger/moten/[^"]+/dagordning)"', elin.get(path).text)
    assert agenda is not None
    assert "Minuterna går jämnt upp." in words(elin.submit(elin.get(agenda[1]), "/dagordning", **AGENDA))
    cast = scene.site.cast
    chosen = elin.get(f"{path}/inbjudna?organisation=alla-municipality&organisation={cast.borlange}&roll=main")
    assert "2 inbjudningar skickas" in words(chosen)
    sent = elin.post(
        f"{path}/utskick",
        organisation=[str(cast.falun), str(cast.borlange)],  # type: ignore[arg-type]
        roll="main",
        version=str(scene.one().version),
    )
    assert "Inbjudningarna är på väg ut." in words(sent)
    return path


def answered(visitor: Visitor, path: str, **typed: str) -> httpx.Response:
    page = visitor.get(path)
    action = re.search(r'action="(/dialoger/inbjudningar/[^"]+)"', page.text)
    assert action is not None, words(page)
    return visitor.submit(page, action[1], **typed)


def test_a_whole_round_from_series_to_closed(scene: Scene, elin: Visitor) -> None:
    """Given a series, when its round is planned, answered, held, summed up and closed, then everybody saw their part."""
    cast = scene.site.cast
    assert "Inga dialoger ännu." in words(elin.get("/dialoger"))
    series = {
        "name": "Regional kulturdialog",
        "kind": "dialogue",
        "every": "half_year",
        "week": "2",
        "weekday": "2",
        "month": "4",
    }
    listed = words(elin.submit(elin.get("/dialoger/serier/ny"), "/serier/ny", **series))
    assert "Varje halvår, andra onsdagen i april" in listed
    assert "Rytmen föreslår onsdag 14 april 2027" in listed
    path = invited(scene, elin)
    karin, hanna = scene.site.visitor(cast.karin), scene.site.visitor(cast.hanna)
    assert "Svara på inbjudan" in words(karin.get("/dialoger"))
    instead = {"reply": "substitute", "substitute_name": "Lo Ek", "substitute_email": "lo@falun.example"}
    assert "Lo Ek kommer i stället" in words(answered(karin, path, **instead))
    assert "Deltar på distans" in words(answered(hanna, path, reply="remote"))
    lo = scene.site.visitor(scene.guest())
    assert "Du är anmäld i en kollegas ställe." in words(lo.get("/")) or "Regional kulturdialog" in words(lo.get("/"))
    assert "Du är anmäld i en kollegas ställe." in words(lo.get(path))
    assert "2 av 2 har svarat" in words(elin.get(path))

    scene.hour.now = datetime(2027, 4, 14, 14, tzinfo=UTC)
    scene.sweep()
    page = elin.get(path)
    assert "Mötet har varit. Skriv in vilka som kom." in words(page)
    place = re.search(r'"(/dialoger/moten/[^"]+/narvaro)"', page.text)
    assert place is not None
    mine = str(scene.invitation(cast.karin).id)
    noted = elin.submit(elin.get(place[1]), "/narvaro", **{f"came_{mine}": "1", f"came_{scene.invitation(cast.hanna).id}": ""})
    assert "1 av 2 av de inbjudna organisationerna var med." in words(noted)
    assert "Borlänge kommun: Hanna Qvist" in words(noted)
    held = elin.submit(elin.get(path), "/genomforande")
    assert "Dialogen är genomförd." in words(held)

    with scene.site.store.read() as session:
        area = session.exec(select(CooperationArea).where(CooperationArea.number == 1)).one()
    findings = elin.get(f"{path}/inspel")
    found = elin.submit(
        findings, "/inspel", text="Små scener räcker inte.", kind="obstacle", areas=str(area.id), organisation=str(cast.falun)
    )
    assert "Ligger bakom: Scenkonst för barn och unga" in words(found)
    elin.submit(elin.get(f"{path}/inspel"), "/inspel", text="Bättre kaffe.", kind="need", areas="")
    loose = elin.submit(elin.get(f"{path}/atgarder"), "/atgarder", text="Kartlägg scenerna.")
    assert "Saknar ansvarig eller datum" in words(loose)
    sent = elin.submit(elin.get(f"{path}/anteckningar"), "/anteckningar", notes="Vi vill börja med scenkonsten.")
    assert "Anteckningarna är på väg ut" in words(sent)
    for why in ("Tiden för synpunkter har inte gått ut.", "En åtgärd saknar ansvarig.", "Ett inspel är varken kopplat"):
        assert why in words(sent)
    with scene.site.store.read() as session:
        told = session.exec(select(Message.recipient_name).where(Message.purpose == "dialogue_notes")).all()
    assert set(told) == {"Karin Östlund", "Hanna Qvist", "Lo Ek"}
    said = lo.submit(lo.get(path), "/synpunkter", text="Det var Hanna som sa det om kaffet.")
    assert "Tack. Synpunkten är sparad." in words(said)
    assert lo.get(f"{path}/anteckningar/fil").content.startswith(b"PK")
    assert "Lo Ek, Falu kommun" in words(elin.get(path))

    scene.hour.now += timedelta(days=15)
    refused = elin.post(f"{path}/avslut", version=str(scene.one().version))
    assert refused.status_code == 409
    assert "En åtgärd saknar datum." in words(refused)
    page = elin.get(f"{path}/inspel")
    last = re.findall(r'action="(/dialoger/inspel/[^"]+)"', page.text)[-1]
    version = re.search(rf'action="{last}".*?name="version" value="(\d+)"', page.text, re.S)
    assert version is not None
    assert elin.post(last, what="aside", reason="", version=version[1]).status_code == 422
    assert "Lagt åt sidan: Lokalen bestämmer." in words(
        elin.post(last, what="aside", reason="Lokalen bestämmer.", version=version[1])
    )
    page = elin.get(f"{path}/atgarder")
    action = re.findall(r'action="(/dialoger/atgarder/[^"/]+)"', page.text)[0]
    elin.submit(page, action, owner=str(cast.karin.assignment), due="2027-06-18")
    assert "Dialogen är avslutad." in words(elin.submit(elin.get(path), "/avslut"))
    assert scene.one().state is State.closed

    assert "Kartlägg scenerna." in words(karin.get("/dialoger"))
    karin.submit(karin.get("/dialoger"), "/avslut", outcome="Alla scener är med.")
    became = words(elin.get("/dialoger/uppfoljning?ar=2027"))
    assert "I en överenskommelse" in became
    assert "Alla scener är med." in became
    assert "Små scener räcker inte." in words(elin.get(f"/omraden/{area.id}"))
    with scene.site.store.read() as session:
        clause = session.exec(select(Clause).where(Clause.area_id == area.id)).one()
    history = f"/overenskommelser/{clause.agreement_id}/omraden/{clause.id}/versioner"
    assert f'"{history}"' in elin.get(f"/overenskommelser/{clause.agreement_id}").text
    assert "Små scener räcker inte." in words(elin.get(history))
    lines = elin.get("/dialoger/uppfoljning.csv?ar=2027").text.splitlines()
    assert len(lines) == 4
    assert "Scenkonst för barn och unga, Falun" in lines[1]


def test_an_answer_that_is_not_whole_comes_back_as_it_was_typed(scene: Scene, elin: Visitor) -> None:
    path = invited(scene, elin)
    karin = scene.site.visitor(scene.site.cast.karin)
    assert answered(karin, path, reply="").status_code == 422
    half = answered(karin, path, reply="substitute", substitute_name="Lo Ek")
    assert half.status_code == 422
    assert 'value="Lo Ek"' in half.text
    assert "Ange både namn och e-postadress" in words(half)


def test_who_was_not_asked_cannot_tell_a_dialogue_from_a_made_up_one(scene: Scene, elin: Visitor) -> None:
    path = invited(scene, elin)
    peter = scene.site.visitor(scene.site.cast.peter)
    karin = scene.site.visitor(scene.site.cast.karin)
    assert peter.get(path).status_code == 404
    assert "inte inbjuden" in words(peter.get("/dialoger"))
    for page in ("inbjudna", "inspel", "atgarder", "anteckningar", "svar", "plan"):
        assert karin.get(f"{path}/{page}").status_code in (403, 404), page
    assert karin.get(f"{path}/anteckningar/fil").status_code == 404


def test_a_draft_is_the_regions_own(scene: Scene, elin: Visitor) -> None:
    path = planned(scene, elin)
    assert scene.site.visitor(scene.site.cast.karin).get(path).status_code == 404
    assert "Dagordningen är tom." in words(elin.get(path))


def test_a_substitute_who_comes_no_longer_is_shut_out_at_once(scene: Scene, elin: Visitor) -> None:
    path = invited(scene, elin)
    karin = scene.site.visitor(scene.site.cast.karin)
    answered(karin, path, reply="substitute", substitute_name="Lo Ek", substitute_email="lo@falun.example")
    guest = scene.guest()
    assert guest.role is Role.guest
    lo = scene.site.visitor(guest)
    assert lo.get(path).status_code == 200
    assert lo.get(f"/overenskommelser/{scene.site.agreement}").status_code in (403, 404)
    assert lo.get("/min-kommun").status_code == 403
    answered(karin, path, reply="yes", substitute_name="", substitute_email="")
    assert "Logga in" in words(lo.get(path)) or lo.get(path).status_code in (401, 404)


def test_the_calendar_file_follows_a_meeting_that_moves_and_takes_it_away_when_it_is_off(scene: Scene, elin: Visitor) -> None:
    path = invited(scene, elin)
    karin = scene.site.visitor(scene.site.cast.karin)
    place = re.search(r'"(/dialoger/moten/[^"]+)/kalender"', karin.get(path).text)
    assert place is not None
    first = Calendar.from_ical(karin.get(f"{place[1]}/kalender").text)
    moved = {"day": "2027-04-21", "rsvp_due": "2027-04-09", "reason": "Lokalen är upptagen."}
    assert "Mötet är flyttat." in words(elin.submit(elin.get(f"{place[1]}/tid"), "/tid", **moved))
    second = Calendar.from_ical(karin.get(f"{place[1]}/kalender").text)
    events: list[Any] = [c.walk("VEVENT")[0] for c in (first, second)]
    assert events[0]["uid"] == events[1]["uid"]
    assert [int(e["sequence"]) for e in events] == [0, 1]
    elin.submit(elin.get(f"{path}/installning"), "/installning", reason="Snöstorm.")
    off: Any = Calendar.from_ical(karin.get(f"{place[1]}/kalender").text)
    assert (off["method"], int(off.walk("VEVENT")[0]["sequence"])) == ("CANCEL", 2)
    assert "Dialogen är inställd." in words(karin.get(path))
    assert scene.site.visitor(scene.site.cast.peter).get(f"{place[1]}/kalender").status_code == 404


def test_a_consultation_is_answered_with_text_or_a_file_and_becomes_findings(scene: Scene, elin: Visitor) -> None:
    typed = {"title": "Remiss: kulturplan", "kind": "consultation", "day": "", "starts": "", "ends": ""}
    path = planned(scene, elin, **typed)
    cast = scene.site.cast
    elin.post(f"{path}/utskick", organisation=str(cast.falun), roll="main", version=str(scene.one().version))
    karin = scene.site.visitor(cast.karin)
    page = karin.get(path)
    assert "Svar som skickas blir normalt allmän handling." in words(page)
    action = re.search(r'action="(/dialoger/inbjudningar/[^"]+/remissvar)"', page.text)
    assert action is not None
    assert karin.post(action[1], text="").status_code == 422
    assert "Tack. Ert svar är sparat." in words(karin.post(action[1], text="Biblioteken saknas."))
    wrong = karin._client.post(action[1], files={"file": ("svar.exe", b"MZ", "application/pdf")})
    assert wrong.status_code == 422
    whole = karin._client.post(action[1], files={"file": ("svar.pdf", b"%PDF-1.7 x", "application/pdf")})
    kept = re.search(r'"(/dialoger/remissvar/[^"]+/fil)"', whole.text)
    assert kept is not None
    assert elin.get(kept[1]).content == b"%PDF-1.7 x"
    assert scene.site.visitor(cast.hanna).get(kept[1]).status_code == 404
    answers = elin.get(f"{path}/svar")
    assert "Biblioteken saknas." in words(answers)
    asked = re.search(r'\?svar=([^"#]+)', answers.text)
    assert asked is not None
    made = elin.submit(elin.get(f"{path}/inspel"), "/inspel", text="Bibliotek behövs.", kind="need", answer=asked[1])
    assert "Falu kommun" in words(made)


def test_the_region_writes_down_what_somebody_said_on_the_telephone(scene: Scene, elin: Visitor) -> None:
    path = invited(scene, elin)
    scene.hour.now = datetime(2027, 4, 3, 8, tzinfo=UTC)
    scene.sweep()
    hanna = scene.site.visitor(scene.site.cast.hanna)
    assert "Anmälan är stängd." in words(hanna.get(path))
    place = f"/dialoger/inbjudningar/{scene.invitation(scene.site.cast.hanna).id}"
    assert "Kommer inte" in words(elin.submit(elin.get(place), place, reply="no"))


def test_a_draft_is_changed_on_its_pages_and_a_second_meeting_added_and_called_off(scene: Scene, elin: Visitor) -> None:
    path = planned(scene, elin)
    changed = elin.submit(elin.get(f"{path}/plan"), "/plan", title="Kulturdialog om film", sector="Film", rsvp_due="2027-04-01")
    assert "Planen är ändrad." in words(changed)
    assert "Kulturdialog om film" in words(changed)
    second = {**MEETING, "day": "2027-04-15", "place": "Rättvik"}
    added = elin.submit(elin.get(f"{path}/moten/nytt"), "/nytt", **second)
    assert "Torsdag 15 april 2027" in words(added)
    place = re.findall(r'"(/dialoger/moten/[^"]+/tid)"', added.text)[1]
    wrong = elin.submit(elin.get(place), "/tid", starts="halv tio")
    assert wrong.status_code == 422
    assert "Skriv klockslaget" in words(wrong)
    assert "13.00–15.00" in words(elin.submit(elin.get(place), "/tid", starts="13.00"))
    assert elin.get(place.replace("/tid", "/installning")).status_code == 409
    off = elin.submit(elin.get(f"{path}/installning"), "/installning", reason="Vi väntar.")
    assert "Vi väntar." in words(off)


def test_an_agenda_with_a_hole_in_it_comes_back_as_it_was_typed(scene: Scene, elin: Visitor) -> None:
    path = planned(scene, elin)
    agenda = re.search(r'"(/dialoger/moten/[^"]+/dagordning)"', elin.get(path).text)
    assert agenda is not None
    for typed, said in (
        ({"title_1": "", "minutes_1": "30"}, "Skriv vad punkten handlar om."),
        ({"title_1": "Lunch", "minutes_1": "en timme"}, "Skriv hur många minuter punkten tar"),
    ):
        refused = elin.submit(elin.get(agenda[1]), "/dagordning", **typed)
        assert refused.status_code == 422
        assert said in words(refused)
        assert f'value="{typed["minutes_1"]}"' in refused.text
    assert "Dagordningen är 60 minuter för kort." in words(
        elin.submit(elin.get(agenda[1]), "/dagordning", title_1="Samtal", minutes_1="270", leader_1="", output_1="")
    )
