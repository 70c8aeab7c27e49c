"""The main job, step by step in the trade's words; a person may be a plain HTTP client or somebody at a keyboard."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from states.calendar import civil
from tests.journeys.region import PASSWORD, Region

PLAN = Path(__file__).parents[2] / "service" / "examples" / "dalarna.yaml"
AREAS = 8
ELIN, JOAR = "elin@region.example", "joar@region.example"
OLLE, BRITTA, TORUN = "olle.ekman@gagnef.example", "britta.lund@gagnef.example", "torun@region.example"

REWORDED = "Gagnef och regionen ska göra det enklare att spela in film i hela kommunen, även i fjällnära byar."
OWN_TITLE = "Spelmansstämmor och folkmusik"
OWN = "Kommunen vill att barn får lära sig spela låtar från bygden."
OWN_ANSWERED = "Kommunen och regionen vill att alla barn får pröva att spela låtar från bygden."
LEFT_OUT = "Folkbildning och folkhögskola"
REASON = "Kommunen har redan ett eget avtal med folkhögskolan."
PARAGRAPH = "§ 47"


class Person(Protocol):
    """What a person does with a page; everything is found by the words on it."""

    def open(self, address: str) -> None: ...
    def follow(self, link: str) -> None: ...
    def fetch(self, link: str) -> bytes: ...
    def write(self, label: str, words: str) -> None: ...
    def write_day(self, label: str, day: date) -> None: ...
    def choose(self, label: str) -> None: ...
    def attach(self, label: str, file: Path) -> None: ...
    def press(self, button: str) -> None: ...
    def sees(self, words: str) -> None: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Files:
    """What was downloaded on the way."""

    frozen: bytes
    scan: bytes
    public: bytes


def walk(region: Region, somebody: Callable[[], Person], scan: Path) -> tuple[str, Files]:
    """From the empty store to the public page; returns the control code and the files. `somebody` opens a fresh browser."""
    elin, olle = somebody(), somebody()
    the_strategist_signs_in(elin, region, ELIN)
    the_plan_is_brought_in(elin)
    gagnefs_contact_is_named(elin)
    the_agreement_is_drafted(elin)
    the_proposal_is_sent(elin)

    the_mailed_link_opens(olle, region, OLLE, "Olle Ekman, Gagnefs kommun")
    six_areas_are_accepted(olle)
    one_area_is_reworded(olle)
    one_area_is_left_out(olle)
    an_own_area_is_added(olle)
    the_answers_are_sent(olle, "9 svar")
    the_strategist_answers(elin)
    the_rest_is_settled(olle)

    control_code = the_text_is_frozen(elin)
    the_decision_is_planned(olle)
    gagnefs_signatory_is_named(olle)
    the_regions_signatory_is_named(elin)
    the_decision_is_asked_for(elin)
    the_boards_decision_is_recorded(olle, control_code)
    frozen = elin.fetch("Hämta som Word")

    torun = somebody()
    the_mailed_link_opens(torun, region, TORUN, "Torun Hällgren, Region Dalarna")
    the_region_signs_by_code(torun, region, control_code)
    gagnefs_paper_is_handed_in(elin, scan)
    joar = somebody()
    the_strategist_signs_in(joar, region, JOAR)
    kept = a_second_person_compares_the_paper(joar)
    the_agreement_is_published(elin)
    return control_code, Files(frozen, kept, a_visitor_finds_it(somebody(), control_code))


def the_strategist_signs_in(person: Person, region: Region, email: str) -> None:
    person.open("/logga-in")
    person.write("E-postadress", email)
    person.write("Lösenord", PASSWORD)
    person.write("Kod från appen", region.one_time_code(email))
    person.press("Logga in")
    person.sees("Att göra")


def the_plan_is_brought_in(elin: Person) -> None:
    elin.follow("Översikt")
    elin.follow("Lägg till en plan")
    elin.attach("Fil med planen", PLAN)
    elin.press("Lägg till planen")
    elin.sees("Planen är skapad.")


def gagnefs_contact_is_named(elin: Person) -> None:
    elin.follow("Kontakter")
    elin.follow("Alla kommuner")
    elin.follow("Lägg till en person Gagnefs kommun")
    elin.write("Namn", "Olle Ekman")
    elin.write("E-postadress", OLLE)
    elin.write("Titel", "kulturchef")
    elin.choose("Kontaktperson")
    elin.press("Lägg till")
    elin.sees("Personen är tillagd.")
    elin.sees("Olle Ekman")


def the_agreement_is_drafted(elin: Person) -> None:
    elin.follow("Översikt")
    elin.follow("Välj kommuner")
    elin.choose("Gagnefs kommun")
    elin.press("Granska")
    elin.sees(f"planens {AREAS} områden")
    elin.press("Skapa 1 utkast")
    elin.sees("Inget är skickat ännu.")


def the_proposal_is_sent(elin: Person) -> None:
    elin.follow("Gagnef")
    elin.sees("Det här är ett utkast.")
    elin.follow("Skicka förslaget")
    elin.write_day("Sista dag att svara", _today() + timedelta(days=60))
    elin.press("Skicka förslaget")
    elin.sees("Hos kommunen")


def the_mailed_link_opens(person: Person, region: Region, email: str, who: str) -> None:
    """The address names the organisation before anything can be seen; only the button goes in."""
    person.open(region.link_to(email))
    person.press(f"Fortsätt som {who}")


def six_areas_are_accepted(olle: Person) -> None:
    olle.sees("Åtta områden väntar på ert svar.")
    for number in range(1, 7):
        olle.press(f"Godta texten för område {number},")
        olle.sees(f"{number} svar redo · {AREAS - number} kvar")


def one_area_is_reworded(olle: Person) -> None:
    olle.follow("Skriv om texten för område 7,")
    olle.write("Vad vi vill", REWORDED)
    olle.press("Spara svaret")
    olle.sees("7 svar redo · 1 kvar")


def one_area_is_left_out(olle: Person) -> None:
    olle.follow("Ta bort området 8 ")
    olle.write("Varför vill ni ta bort området?", REASON)
    olle.press("Ta bort området")
    olle.sees("8 svar redo · 0 kvar")


def an_own_area_is_added(olle: Person) -> None:
    olle.follow("Lägg till ett område")
    olle.write("Rubrik", OWN_TITLE)
    olle.write("Vad vi vill", OWN)
    olle.press("Spara området")
    olle.sees("9 svar redo · 0 kvar")


def the_answers_are_sent(person: Person, how_many: str) -> None:
    person.follow("Granska och skicka")
    person.sees(how_many)
    person.press("Skicka svaret")
    person.sees("Du kan ångra sändningen i en minut.")


def the_strategist_answers(elin: Person) -> None:
    """The rewording is fine; the own area comes back a little wider, so nothing is settled that both have not read."""
    elin.follow("Att göra")
    elin.follow("Granska Gagnefs kommun")
    elin.sees("Två områden väntar på ert svar.")
    elin.sees(f"Gagnefs kommun vill inte ha med området. Skäl: {REASON}")
    elin.press("Godta texten för område 7,")
    elin.follow("Skriv om texten för område 9,")
    elin.write("Vad vi vill", OWN_ANSWERED)
    elin.press("Spara svaret")
    the_answers_are_sent(elin, "2 svar")


def the_rest_is_settled(olle: Person) -> None:
    olle.follow("Min kommun")
    olle.follow("Svara på ett område")
    olle.press("Godta texten för område 9,")
    olle.follow("Granska och skicka")
    olle.press("Skicka svaret")
    olle.sees("Vi är överens.")


def the_text_is_frozen(elin: Person) -> str:
    """Both sides see the same control code."""
    elin.follow("Översikt")
    elin.follow("Gagnef")
    elin.sees("Vi är överens.")
    elin.follow("Till beslut och underskrift")
    elin.sees("Texten är låst.")
    return _control_code(elin)


def the_decision_is_planned(olle: Person) -> None:
    olle.follow("Till beslut och underskrift")
    olle.follow("Ange vem som beslutar för Gagnefs kommun")
    olle.choose("Beslut")
    olle.write("Vem beslutar?", "Kulturnämnden")
    olle.write_day("Mötesdag", _today())
    olle.write_day("Sista dag för handlingar", _today())
    olle.press("Spara")
    olle.sees("Sparat: så fattas beslutet.")


def gagnefs_signatory_is_named(olle: Person) -> None:
    olle.follow("Ange vem som skriver under för Gagnefs kommun")
    _names_signatory(olle, "Britta Lund", BRITTA, "kulturnämndens ordförande", "Kulturnämndens reglemente § 12")


def the_regions_signatory_is_named(elin: Person) -> None:
    elin.follow("Undertecknare för Region Dalarna")
    _names_signatory(elin, "Torun Hällgren", TORUN, "kultur- och bildningschef", "delegationsordning 4.2")


def the_decision_is_asked_for(elin: Person) -> None:
    elin.press("Begär beslut")
    elin.sees("Väntar på Gagnefs kommun")


def the_boards_decision_is_recorded(olle: Person, control_code: str) -> None:
    olle.follow("Min kommun")
    olle.follow("Beslut och underskrift")
    olle.follow("Skriv in beslutet för Gagnefs kommun")
    assert _control_code(olle) == control_code
    olle.choose("Bifall")
    olle.write("Paragraf", PARAGRAPH)
    olle.press("Spara beslutet")
    olle.sees("Beslutet är inskrivet.")
    olle.sees(PARAGRAPH)


def the_region_signs_by_code(torun: Person, region: Region, control_code: str) -> None:
    """She reads the whole text, and the code in her mail is her signature."""
    torun.follow("Läs och skriv under")
    torun.sees(REWORDED)
    torun.sees(OWN_ANSWERED)
    assert _control_code(torun) == control_code
    torun.press("Jag har läst. Skicka koden")
    torun.write("Kod", region.code_to(TORUN))
    torun.press("Skriv under")
    torun.sees("Tack. Din underskrift är lämnad.")


def gagnefs_paper_is_handed_in(elin: Person, scan: Path) -> None:
    elin.follow("Översikt")
    elin.follow("Gagnef")
    elin.follow("Till beslut och underskrift")
    elin.follow("Underskrift på papper för Gagnefs kommun")
    elin.attach("Skannad fil", scan)
    elin.press("Ladda upp")
    elin.sees("En annan person hos regionen kontrollerar den.")


def a_second_person_compares_the_paper(joar: Person) -> bytes:
    """Returns the paper as he opened it."""
    joar.follow("Kontrollera Gagnefs kommun")
    joar.follow("Kontrollera filen för Gagnefs kommun")
    paper = joar.fetch("Öppna den uppladdade filen")
    joar.choose("Stämmer")
    joar.press("Spara kontrollen")
    joar.sees("Kontrollen är klar. Underskriften räknas.")
    return paper


def the_agreement_is_published(elin: Person) -> None:
    elin.follow("Översikt")
    elin.follow("Gagnef")
    elin.sees("Överenskommelsen är undertecknad.")
    elin.follow("Se underskrifterna")
    elin.press("Publicera på webben")
    elin.sees("Överenskommelsen är publicerad.")


def a_visitor_finds_it(citizen: Person, control_code: str) -> bytes:
    """Without a cookie: the list, the page, the file."""
    citizen.open("/publikt")
    citizen.sees("Gagnefs kommun")
    citizen.follow("Överenskommelse om samverkan")
    for words in (REWORDED, OWN_TITLE, OWN_ANSWERED, "Torun Hällgren", "Britta Lund"):
        citizen.sees(words)
    assert LEFT_OUT not in citizen.text
    assert _control_code(citizen) == control_code
    return citizen.fetch("Hämta den undertecknade filen")


def _names_signatory(person: Person, name: str, email: str, title: str, authority: str) -> None:
    person.write("Namn", name)
    person.write("E-postadress", email)
    person.write("Titel", title)
    person.write("Beslut eller delegation", authority)
    person.press("Lägg till")
    person.sees("Vem skriver under?")
    person.press("Spara")
    person.sees("Sparat: de här skriver under.")


def _control_code(person: Person) -> str:
    found = re.search(r"Kontrollkod ([0-9A-F]{4}(?:-[0-9A-F]{4}){3})", person.text)
    assert found is not None
    return found[1]


def _today() -> date:
    return civil(datetime.now(UTC))
