"""A whole dialogue round in the trade's words, by the strategist, an invited person and the colleague who comes instead."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from sqlmodel import col, select

from service.cases.deliver import lease
from service.cases.rounds import step_rounds
from service.cases.sign_in import one_link
from service.settings import Settings
from service.store.session import Store
from service.store.tables import ContactAssignment, Message
from states.parties import Actor
from tests.browser import serving
from tests.journeys.main_job import Person
from tests.pages.site import application
from tests.people import Cast, arrive, draft

LO = "lo.ek@falun.example"
SUMMARY = "Vi börjar med scenkonsten."


@dataclass(slots=True)
class House:
    """A served region with its cast, a business clock that is moved on purpose, and the links its mails carry."""

    url: str
    store: Store
    settings: Settings
    cast: Cast
    now: datetime = datetime(2027, 3, 1, 8, tzinfo=UTC)
    links: dict[str, str] = field(default_factory=dict)

    def link_for(self, actor: Actor) -> str:
        """A link made by hand, as the command line prints one."""
        with self.store.write() as session:
            assignment = session.get_one(ContactAssignment, actor.assignment)
            return one_link(session, self.now, datetime.now(UTC), assignment).rpartition("/")[2]

    def mailed_to(self, email: str) -> str:
        """The link in the newest mail to somebody, as it leaves the house."""
        with self.store.write() as session:
            for sent in lease(session, self.settings.secret_keys, self.now, 100):
                message = session.get_one(Message, sent.id)
                if sent.token:
                    self.links[message.recipient] = sent.token
        return self.links[email]

    def address(self, actor: Actor) -> str:
        with self.store.read() as session:
            query = select(Message.recipient).where(col(Message.assignment_id) == actor.assignment)
            return str(session.exec(query).first())

    def later(self, moment: datetime) -> None:
        """Time passes, and the hourly flow has been by."""
        self.now = moment
        with self.store.write() as session:
            step_rounds(session, moment)


@contextmanager
def house(store: Store, folder: Path) -> Iterator[House]:
    """Region Dalarna with Falun and Borlänge, a plan and nothing said yet."""
    with store.write() as session:
        cast = arrive(session)
        draft(session, cast)
        draft(session, cast, cast.borlange, "dalarna-2028")
    settings = Settings(data_dir=folder)
    made = House("", store, settings, cast)
    app = application(store, settings)
    app.state.house = replace(app.state.house, clock=lambda: made.now)
    with serving(app) as url:
        made.url = url
        yield made


def walk(home: House, somebody: Callable[[], Person]) -> tuple[bytes, bytes]:
    """From a new series to a closed round; returns the calendar file and the notes. `somebody` opens a fresh browser."""
    elin, karin, lo = somebody(), somebody(), somebody()
    the_link_opens(elin, home.link_for(home.cast.elin))
    a_series_is_begun(elin)
    its_next_round_is_planned(elin)
    the_agenda_adds_up(elin)
    falun_and_borlange_are_invited(elin)

    the_link_opens(karin, home.mailed_to(home.address(home.cast.karin)))
    a_colleague_is_sent_instead(karin)
    the_link_opens(lo, home.mailed_to(LO))
    lo.sees("Du är anmäld i en kollegas ställe.")
    calendar = lo.fetch("Lägg mötet i kalendern (.ics)")

    home.later(datetime(2027, 4, 14, 14, tzinfo=UTC))
    the_attendance_is_written_down(elin)
    what_was_said_is_written_down(elin)
    the_notes_are_sent(elin)

    lo.open(f"/k/{home.mailed_to(LO)}")  # still signed in
    the_substitute_comments(lo)
    notes = lo.fetch("Hämta anteckningarna som Word")

    home.later(datetime(2027, 4, 29, 8, tzinfo=UTC))
    the_round_is_closed(elin)
    karin.open("/dialoger")
    karin.sees("Kartlägg scenerna.")
    karin.write("Vad blev det?", "Alla scener är med.")
    karin.press("Klart")
    karin.sees("Åtgärden är klar.")
    elin.follow("Dialoger")
    elin.follow("Vad blev det av inspel och åtgärder?")
    elin.sees("Alla scener är med.")
    return calendar, notes


def the_link_opens(person: Person, token: str) -> None:
    person.open(f"/k/{token}")
    person.press("Fortsätt")


def a_series_is_begun(elin: Person) -> None:
    elin.open("/")
    elin.follow("Dialoger")
    elin.sees("Inga dialoger ännu.")
    elin.follow("Lägg till en serie")
    elin.write("Vad heter serien?", "Regional kulturdialog")
    elin.choose("Varje halvår")
    elin.choose("andra")
    elin.choose("onsdagen")
    elin.write("Månad", "4")
    elin.press("Lägg till serien")
    elin.sees("Rytmen föreslår onsdag 14 april 2027 nästa gång.")


def its_next_round_is_planned(elin: Person) -> None:
    elin.follow("Planera nästa")
    elin.write("Frågor till deltagarna", "Vad kan ni inte lösa på egen hand?")
    elin.write_day("Svar önskas senast", date(2027, 4, 2))
    elin.write("Börjar klockan", "09.30")
    elin.write("Slutar klockan", "11.30")
    elin.write("Plats", "Folkets hus, Borlänge")
    elin.choose("Det går att delta på distans")
    elin.press("Spara utkastet")
    elin.sees("Dagordningen är tom.")


def the_agenda_adds_up(elin: Person) -> None:
    elin.follow("Dagordning")
    elin.write("Vad punkt 1", "Välkommen")
    elin.write("Minuter punkt 1", "30")
    elin.press("Spara dagordningen")
    elin.sees("Dagordningen är 90 minuter för kort. Mötet är 120 minuter.")
    elin.write("Vad punkt 2", "Gruppsamtal")
    elin.write("Minuter punkt 2", "90")
    elin.press("Spara dagordningen")
    elin.sees("Minuterna går jämnt upp.")


def falun_and_borlange_are_invited(elin: Person) -> None:
    elin.follow("Inbjudna")
    elin.choose("Alla 2")
    elin.press("Se vilka som får inbjudan")
    elin.sees("2 inbjudningar skickas")
    elin.press("Skicka 2 inbjudningar")
    elin.sees("Inbjudningarna är på väg ut.")


def a_colleague_is_sent_instead(karin: Person) -> None:
    karin.sees("Svara på inbjudan.")
    karin.choose("Någon annan kommer i mitt ställe")
    karin.write("Kollegans namn", "Lo Ek")
    karin.write("Kollegans e-postadress", LO)
    karin.press("Skicka svaret")
    karin.sees("Lo Ek kommer i stället")


def the_attendance_is_written_down(elin: Person) -> None:
    elin.follow("Dialoger")
    elin.follow("Regional kulturdialog")
    elin.choose("Karin Östlund eller ersättare kom")
    elin.press("Spara närvaron")
    elin.sees("1 av 2")
    elin.sees("Borlänge kommun: Hanna Qvist")
    elin.follow("Dialoger")
    elin.follow("Regional kulturdialog")
    elin.press("Markera som genomförd")
    elin.sees("Dialogen är genomförd.")


def what_was_said_is_written_down(elin: Person) -> None:
    elin.follow("Inspel")
    elin.write("Vad kom fram?", "Små scener räcker inte.")
    elin.choose("Hinder")
    elin.choose("1. Scenkonst för barn och unga")
    elin.press("Spara inspelet")
    elin.sees("Ligger bakom:")
    elin.follow("Åtgärder")
    elin.write("Vad ska göras?", "Kartlägg scenerna.")
    elin.write("Ansvarig", "Karin")
    elin.write_day("Klart senast", date(2027, 6, 18))
    elin.press("Spara åtgärden")
    elin.sees("Falu kommun")


def the_notes_are_sent(elin: Person) -> None:
    elin.follow("Anteckningar")
    elin.write("Vad kom ni fram till?", SUMMARY)
    elin.press("Skicka anteckningarna")
    elin.sees("Synpunkter kan lämnas till och med onsdag 28 april 2027.")


def the_substitute_comments(lo: Person) -> None:
    lo.sees(SUMMARY)
    lo.write("Din synpunkt", "Det var tre scener, inte två.")
    lo.press("Skicka synpunkten")
    lo.sees("Tack. Synpunkten är sparad.")


def the_round_is_closed(elin: Person) -> None:
    elin.follow("Läget")
    elin.sees("Det var tre scener, inte två.")
    elin.sees("Dialogen är avslutad.")
