"""The pages of a negotiation without a script: everything can be done, nothing typed is lost, strangers see nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlmodel import col, select

from service.settings import Settings
from service.store.session import Store
from service.store.tables import Agreement, Clause, ClauseVersion, Message
from states.agreement import State
from states.tokens import code
from tests.pages.site import Site, Visitor, running, words
from tests.stores import Begun, begun, migrated_file, store

__all__ = ["begun", "migrated_file", "store"]


@pytest.fixture
def site(store: Store, begun: Begun, tmp_path: Path) -> Iterator[Site]:
    with running(store, Settings(data_dir=tmp_path), begun) as served:
        yield served


@pytest.fixture
def elin(site: Site) -> Visitor:
    return site.visitor(site.cast.elin)


@pytest.fixture
def karin(site: Site) -> Visitor:
    return site.visitor(site.cast.karin)


@pytest.fixture
def peter(site: Site) -> Visitor:
    return site.visitor(site.cast.peter)


@pytest.fixture
def proposed(site: Site, elin: Visitor) -> Site:
    """The same site with the proposal sent."""
    form = elin.get(f"{site.path}/forslag")
    assert "Förslaget är skickat" in words(elin.submit(form, "/forslag", due="2027-09-30", firm="no"))
    return site


def _clauses(site: Site) -> list[str]:
    with site.store.read() as session:
        query = select(Clause.id).where(col(Clause.agreement_id) == site.agreement).order_by(col(Clause.position))
        return [f"{site.path}/omraden/{i}" for i in session.exec(query)]


def _agreement(site: Site) -> Agreement:
    with site.store.read() as session:
        return session.get_one(Agreement, site.agreement)


def _reword(person: Visitor, clause: str, text: str, **more: str) -> httpx.Response:
    return person.submit(person.get(f"{clause}/svar?svar=counter"), f"{clause}/svar", w=text, **more)


def _send(person: Visitor, site: Site) -> httpx.Response:
    return person.submit(person.get(f"{site.path}/granska"), "/sandning")


def test_a_draft_names_what_is_missing_and_the_municipality_cannot_see_it(site: Site, elin: Visitor, karin: Visitor) -> None:
    assert "Det här är ett utkast." in words(elin.get(site.path))
    assert karin.get(site.path).status_code == 404
    refused = elin.submit(elin.get(f"{site.path}/forslag"), "/forslag", due="i morgon")
    assert refused.status_code == 422
    assert "Skriv datumet som år, månad och dag" in words(refused)
    assert 'value="i morgon"' in refused.text


def test_the_turn_is_told_with_how_much_waits_and_until_when(proposed: Site, karin: Visitor, elin: Visitor) -> None:
    said = words(karin.get(proposed.path))
    assert "Nu är det er tur. Tre områden väntar på ert svar. Svara gärna senast torsdag 30 september 2027" in said
    assert "Föreslå ett nytt datum" in said
    assert "Falu kommun svarar nu." in words(elin.get(proposed.path))


def test_three_answers_are_drafts_until_they_are_checked_and_sent_together(proposed: Site, karin: Visitor, elin: Visitor) -> None:
    first, second, third = _clauses(proposed)
    accepted = karin.submit(karin.get(proposed.path), f"{first}/svar")
    assert "Sparat, inte skickat: ni godtar texten." in words(accepted)
    assert accepted.url.fragment == "o2"
    _reword(karin, second, "Biblioteken ska finnas i hela kommunen.", reason="Vi vill nå alla.")
    karin.submit(karin.get(f"{third}/svar?svar=exclude"), f"{third}/svar", reason="Vi hinner inte.")
    assert "3 svar redo · 0 kvar" in words(karin.get(proposed.path))
    assert "Biblioteken ska finnas" not in elin.get(proposed.path).text
    check = words(karin.get(f"{proposed.path}/granska"))
    assert "Svar som skickas blir normalt allmän handling." in check
    assert "Svaret är skickat." in words(_send(karin, proposed))
    theirs = words(elin.get(proposed.path))
    assert "Motivering: Vi vill nå alla." in theirs
    assert "Falu kommun vill inte ha med området. Skäl: Vi hinner inte." in theirs


def test_leaving_out_needs_a_reason_and_an_unchanged_text_is_refused(proposed: Site, karin: Visitor) -> None:
    first = _clauses(proposed)[0]
    form = karin.get(f"{first}/svar?svar=exclude")
    refused = karin.submit(form, f"{first}/svar", reason=" ")
    assert refused.status_code == 422
    assert "Skriv varför ni vill ta bort området." in words(refused)
    unchanged = karin.submit(karin.get(f"{first}/svar?svar=counter"), f"{first}/svar", reason="Utan ändring")
    assert unchanged.status_code == 409
    assert "Texten är likadan som den ni svarar på." in words(unchanged)
    assert "Utan ändring" in unchanged.text


def test_two_colleagues_at_once_choose_and_nothing_typed_is_lost(proposed: Site, karin: Visitor, peter: Visitor) -> None:
    first = _clauses(proposed)[0]
    forms = karin.get(f"{first}/svar?svar=counter"), peter.get(f"{first}/svar?svar=counter")
    karin.submit(forms[0], f"{first}/svar", w="Kommunen svarar inom fem arbetsdagar.")
    clash = peter.submit(
        forms[1], f"{first}/svar", w="Kommunen svarar inom tio arbetsdagar.", g="Ett nytt mål.", reason="Vi är få."
    )
    assert clash.status_code == 412
    said = words(clash)
    assert re.search(r"Karin Östlund sparade en ny text .* Jämför och välj vilken som ska gälla. Din text är kvar.", said)
    for text in ("Scenkonst för barn och unga: w.", "inom fem arbetsdagar", "inom tio arbetsdagar", "Ett nytt mål."):
        assert text in said
    again = peter.submit(clash, f"{first}/svar", edit="1")
    assert again.status_code == 200
    for text in ("inom tio arbetsdagar", "Ett nytt mål.", "Vi är få."):
        assert text in again.text
    saved = peter.submit(again, f"{first}/svar")
    assert "Sparat, inte skickat: er nya text." in words(saved)
    assert "inom tio arbetsdagar" in words(karin.get(proposed.path))


def test_a_text_that_met_a_new_one_comes_back_merged_and_can_be_sent_as_a_new_proposal(
    proposed: Site, elin: Visitor, karin: Visitor
) -> None:
    first = _clauses(proposed)[0]
    form = karin.get(f"{first}/svar?svar=counter")
    _reword(elin, first, "Regionens nyare text.")
    _send(elin, proposed)
    clash = karin.submit(form, f"{first}/svar", g="Kommunens mål.")
    assert clash.status_code == 412
    assert "Elin Åsberg (Region Dalarna) sparade en ny text" in words(clash)
    karin.submit(clash, f"{first}/svar")
    drafted = words(karin.get(f"{proposed.path}/granska?vy=hel"))
    assert "Regionens nyare text." in drafted
    assert "Kommunens mål." in drafted


def test_accepting_a_text_that_has_moved_shows_the_new_one(proposed: Site, elin: Visitor, karin: Visitor) -> None:
    first = _clauses(proposed)[0]
    seen = karin.get(proposed.path)
    _reword(elin, first, "Regionens nyare text.")
    _send(elin, proposed)
    stale = karin.submit(seen, f"{first}/svar")
    assert stale.status_code == 412
    assert "Texten har ändrats sedan du öppnade sidan. Läs den nya texten innan du godtar den." in words(stale)
    assert "Regionens nyare text." in words(stale)


def test_a_sent_answer_can_be_taken_back_within_a_minute(proposed: Site, karin: Visitor, elin: Visitor) -> None:
    first = _clauses(proposed)[0]
    _reword(karin, first, "Ny text från kommunen.")
    sent = _send(karin, proposed)
    assert "Du kan ångra sändningen i en minut." in words(sent)
    undone = words(karin.submit(sent, "/angran"))
    assert "Sändningen är ångrad." in undone
    assert "1 svar redo" in undone
    assert "Ny text från kommunen." not in elin.get(proposed.path).text.split("Läs texten")[0]


def test_sending_twice_sends_once(proposed: Site, karin: Visitor) -> None:
    _reword(karin, _clauses(proposed)[0], "Ny text från kommunen.")
    check = karin.get(f"{proposed.path}/granska")
    assert karin.submit(check, "/sandning").status_code == 200
    assert karin.submit(check, "/sandning").status_code == 200
    with proposed.store.read() as session:
        versions = session.exec(select(ClauseVersion.id).where(col(ClauseVersion.response_id).is_not(None))).all()
    assert len(versions) == 1


def test_an_own_area_is_added_changed_and_sent(proposed: Site, karin: Visitor, elin: Visitor) -> None:
    assert "Ni har inte lagt till något eget område. Saknar ni något?" in words(karin.get(proposed.path))
    added = karin.submit(karin.get(f"{proposed.path}/omraden"), "/omraden", t="Dans", w="Mer dans.")
    form = karin.get(unescape_href(added, r"/omraden\?utkast=[^\"]+"))
    karin.submit(form, "/omraden", w="Mer dans åt fler.")
    _send(karin, proposed)
    assert "Mer dans åt fler." in words(elin.get(proposed.path))


def test_any_version_is_compared_with_any_other_in_three_looks(proposed: Site, karin: Visitor, elin: Visitor) -> None:
    first = _clauses(proposed)[0]
    _reword(karin, first, "Scenkonst för barn och ungdomar: w.")
    _send(karin, proposed)
    page = elin.get(f"{first}/versioner?fran=1&till=2&vy=text")
    assert "<del>" in page.text
    assert "<ins>" in page.text
    listed = words(elin.get(f"{first}/versioner?fran=1&till=2&vy=ord"))
    assert "Ersatt ”unga” med ”ungdomar”." in listed
    clean = elin.get(f"{first}/versioner?fran=1&till=2&vy=hel")
    assert "<ins>" not in clean.text
    assert elin.get(f"{first}/versioner?fran=1&till=9").status_code == 404
    assert "<ins>" not in elin.get(proposed.path).text, "the look is remembered"


def test_another_day_is_asked_for_and_granted(proposed: Site, karin: Visitor, elin: Visitor) -> None:
    path = f"/min-kommun/{proposed.agreement}/nytt-datum"
    past = karin.submit(karin.get(path), path, day="2027-01-01", reason="Nämnden möts sent.")
    assert past.status_code == 422
    assert "Nämnden möts sent." in past.text
    asked = words(karin.submit(past, path, day="2027-10-15"))
    assert "Falu kommun föreslår fredag 15 oktober 2027 som sista svarsdag." in asked
    answered = elin.submit(elin.get(proposed.path), next_action(elin.get(proposed.path), "datumforslag"), answer="yes")
    assert answered.status_code == 200
    assert str(_agreement(proposed).due) == "2027-10-15"


def test_a_half_written_text_is_told_apart_from_one_that_is_ready(proposed: Site, karin: Visitor) -> None:
    first, second, _ = _clauses(proposed)
    karin.submit(karin.get(proposed.path), f"{second}/svar")
    form = karin.get(f"{first}/svar?svar=counter")
    assert karin.submit(form, f"{first}/svar", w="Vi vill gärna att", autosave="1").status_code == 200
    page = words(karin.get(proposed.path))
    assert "1 svar redo · 1 påbörjat · 2 kvar" in page
    assert "Svar påbörjat" in page
    check = karin.get(f"{proposed.path}/granska")
    assert "Påbörjat, skickas inte" in words(check)
    assert "Vi vill gärna att" not in words(check)
    karin.submit(check, "/sandning")
    assert "0 svar redo · 1 påbörjat · 2 kvar" in words(karin.get(proposed.path))
    again = karin.get(f"{first}/svar?svar=counter")
    assert "Vi vill gärna att" in again.text
    karin.submit(again, f"{first}/svar")
    assert "1 svar redo · 1 kvar" in words(karin.get(proposed.path))


def test_agreeing_on_all_and_opening_one_again(proposed: Site, karin: Visitor, elin: Visitor) -> None:
    for clause in _clauses(proposed):
        karin.submit(karin.get(proposed.path), f"{clause}/svar")
    assert "Vi är överens." in words(_send(karin, proposed))
    first = _clauses(proposed)[0]
    form = elin.get(f"{first}/oppning")
    assert "Underskrifter som redan finns gäller en äldre text." in words(form)
    refused = elin.submit(form, f"{first}/oppning", w="Ny text.")
    assert refused.status_code == 422
    assert "Ny text." in refused.text
    lost = elin.submit(form, f"{first}/oppning", w="Ny text.", reason="Nämnden vill det.", base="")
    assert lost.status_code == 412
    assert "Ny text." in lost.text
    assert "Nämnden vill det." in lost.text
    opened = elin.submit(refused, f"{first}/oppning", reason="Nämnden vill det.")
    assert "Området är öppnat igen" in words(opened)
    assert _agreement(proposed).state is State.negotiating


def test_a_sent_text_is_taken_back_while_nobody_has_answered_it(proposed: Site, karin: Visitor) -> None:
    first = _clauses(proposed)[0]
    _reword(karin, first, "Ny text från kommunen.")
    assert "Ta tillbaka förslaget" in words(_send(karin, proposed))
    taken = karin.submit(karin.get(f"{first}/tillbakatagande"), f"{first}/tillbakatagande")
    assert "Förslaget är tillbakataget." in words(taken)
    assert "Ta tillbaka förslaget" not in words(taken)


def test_declining_needs_a_reason_and_the_code_that_was_mailed(proposed: Site, karin: Visitor) -> None:
    path = f"/min-kommun/{proposed.agreement}/nej"
    first = karin.get(path)
    assert "Alla texter finns kvar. Ni kan ändra er när som helst." in words(first)
    asked = karin.submit(first, "/nej/kod")
    assert "Vi har skickat en kod" in words(asked)
    wrong = karin.submit(asked, "/nej", reason="Vi saknar pengar.", code="AAAA-AAAA")
    assert wrong.status_code == 422
    assert "Vi saknar pengar." in wrong.text
    assert _agreement(proposed).state is State.negotiating
    with proposed.store.read() as session:
        mail = session.exec(select(Message).where(col(Message.purpose) == "step_up_code")).one()
    right = code(proposed.settings.secret_keys[0], str(mail.id), str(mail.assignment_id), mail.epoch)
    said = words(karin.submit(wrong, "/nej", code=right))
    assert "Ni har tackat nej." in said
    assert "Skäl: Vi saknar pengar." in said
    assert "Förhandlingen är återupptagen." in words(karin.submit(karin.get(proposed.path), "/ateroppnande"))


def test_withdrawing_and_taking_up_again(proposed: Site, elin: Visitor) -> None:
    path = f"{proposed.path}/aterkallelse"
    assert elin.submit(elin.get(path), "/aterkallelse").status_code == 422
    gone = elin.submit(elin.get(path), "/aterkallelse", reason="Planen görs om.")
    assert "Skäl: Planen görs om." in words(gone)
    assert "Förhandlingen är återupptagen." in words(elin.submit(gone, "/ateroppnande"))


def test_each_side_writes_its_case_number(proposed: Site, karin: Visitor) -> None:
    path = f"{proposed.path}/diarienummer"
    empty = karin.submit(karin.get(path), "/diarienummer", case_number_2="x" * 99)
    assert empty.status_code == 422
    saved = karin.submit(karin.get(path), "/diarienummer", case_number_2="KUN 2027/0181")
    assert "Falu kommun: KUN 2027/0181" in words(saved)


def test_the_own_page_lists_what_to_do_by_when_and_how_long_it_takes(proposed: Site, karin: Visitor) -> None:
    said = words(karin.get("/min-kommun"))
    assert "Svara på 3 områden Senast torsdag 30 september 2027 ungefär tio minuter" in said
    assert "Skriv ert diarienummer" in said


def test_contacts_are_invited_handed_over_and_ended(proposed: Site, karin: Visitor) -> None:
    refused = karin.submit(karin.get("/min-kommun/kontakter/ny"), "/ny", name="Nils Ny", role="")
    assert refused.status_code == 422
    assert "Nils Ny" in refused.text
    said = {"name": "Nils Ny", "email": "nils@falun.example", "role": "reader"}
    early = karin.submit(refused, "/ny", **said, valid_from="2027-10-01", valid_to="2027-09-30")
    assert (early.status_code, "Sista dagen ligger före första dagen." in words(early)) == (422, True)
    invited = karin.submit(early, "/ny", **said, valid_from="2027-10-01", valid_to="2027-12-31")
    assert "Kollegan har fått sitt uppdrag." in words(invited)
    assert "Från 1 oktober 2027" in words(invited)
    assert "Till 31 december 2027" in words(invited)
    page = karin.get("/min-kommun/kontakter")
    ending = karin.get(next_href(page, "/avslut", after="Nils Ny"))
    assert "Nils Ny" not in words(karin.submit(ending, "/avslut"))
    handover = karin.get(next_href(page, "/byte", after="Peter Wik"))
    changed = karin.submit(handover, "/byte", name="Maja Ek", email="maja@falun.example")
    assert "Maja Ek" in words(changed)
    assert "Peter Wik" not in words(changed)


def test_borlange_sees_nothing_of_faluns(proposed: Site) -> None:
    hanna = proposed.visitor(proposed.cast.hanna)
    first = _clauses(proposed)[0]
    nej, dag = f"/min-kommun/{proposed.agreement}/nej", f"/min-kommun/{proposed.agreement}/nytt-datum"
    paths = [proposed.path, f"{first}/svar", f"{first}/versioner", f"{proposed.path}/granska", nej, dag]
    assert {hanna.get(path).status_code for path in paths} == {404}
    assert hanna.post(f"{first}/svar", kind="accept").status_code == 404
    assert "Det finns ingen överenskommelse" in words(hanna.get("/min-kommun"))


def test_the_proposal_mails_the_contact_once(proposed: Site) -> None:
    with proposed.store.read() as session:
        assert len(session.exec(select(Message).where(col(Message.purpose) == "proposal")).all()) == 1


def unescape_href(page: httpx.Response, pattern: str) -> str:
    found = re.search(rf'href="([^"]*{pattern})"', page.text)
    assert found is not None
    return found[1]


def next_href(page: httpx.Response, ending: str, *, after: str) -> str:
    found = re.search(rf'href="([^"]*{ending})"', page.text[page.text.index(f">{after}<") :])
    assert found is not None
    return found[1]


def next_action(page: httpx.Response, part: str) -> str:
    found = re.search(rf'action="([^"]*{part}[^"]*)"', page.text)
    assert found is not None
    return found[1]
