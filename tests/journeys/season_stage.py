"""The stage of a season: the organisations and people of its script, their mailboxes, and what is looked up by name."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from sqlmodel import Session, col, select

from service.settings import Settings
from service.store.files import Files
from service.store.session import Store
from service.store.standing import Standing, load_many
from service.store.tables import Body, BodyMeeting, ContactAssignment, Message, Organisation, Person
from service.sweeps import deliver_outbox
from states.parties import CONTACT, Actor, OrganisationKind, Role
from tests.postoffice import PostOffice, text

Script = dict[str, Any]
REGION = "Regionen"
ROLES = {
    "strateg": Role.strategist,
    "administratör": Role.administrator,
    "undertecknare": Role.signatory,
    "kontakt": Role.main,
    "ersättare": Role.deputy,
}
_LINK = re.compile(r"http://127\.0\.0\.1:8000/k/(\S+)")
_CODE = re.compile(r"^[2-9A-HJ-NP-Z]{8}\b", re.MULTILINE)


@cache
def script() -> Script:
    """The season's script as plain values."""
    raw: Script = yaml.safe_load(Path(__file__).with_name("season.yaml").read_text(encoding="utf-8"))
    return raw


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it came to the mail server, and when by the scripted clock."""

    at: datetime
    mail: EmailMessage
    message_id: str


@dataclass(slots=True)
class Stage:
    """One season's store, mail server and people."""

    store: Store
    files: Files
    settings: Settings
    office: PostOffice
    organisations: dict[str, UUID] = field(default_factory=dict)
    agreements: dict[str, UUID] = field(default_factory=dict)
    rounds: dict[str, UUID] = field(default_factory=dict)
    programme: UUID | None = None
    letters: list[Letter] = field(default_factory=list)
    unnoted: list[str] = field(default_factory=list)
    sweeps: Counter[str] = field(default_factory=Counter)

    def deliver(self, now: datetime) -> None:
        """Send what is due; what the mail server has taken is what people have got."""
        seen = len(self.office.taken)
        deliver_outbox(self.store, self.settings, lambda: now)
        self.letters += [Letter(now, mail, str(mail["Message-ID"])) for mail in self.office.mails[seen:]]

    def next_try(self) -> datetime | None:
        """When the next message that waits may be tried."""
        with self.store.read() as session:
            waiting = select(Message.next_try_at).where(Message.state == "queued").order_by(col(Message.next_try_at))
            return session.exec(waiting).first()

    def inbox(self, email: str) -> Iterator[str]:
        """The texts of a person's mails, the newest first."""
        return (text(letter.mail) for letter in reversed(self.letters) if f"<{email}>" in str(letter.mail["To"]))

    def link(self, email: str) -> str:
        """The token of the newest personal link that a person has got."""
        return next(found[1] for body in self.inbox(email) if (found := _LINK.search(body)))

    def code(self, email: str) -> str:
        """The newest code that a person has got."""
        return next(found[0] for body in self.inbox(email) if (found := _CODE.search(body)))

    def standing(self, session: Session, place: str) -> Standing:
        """The agreement with a municipality."""
        agreement = self.agreements[place]
        return load_many(session, [agreement])[agreement]

    def contact(self, session: Session, place: str) -> Actor:
        """Who speaks for an organisation now: the region's strategist, another's contact; the newest if there are several."""
        wanted = {Role.strategist} if place == REGION else CONTACT
        found = [a for a in self.actors(session, place) if a.role in wanted]
        return min(found, key=lambda a: a.role is Role.deputy) if place == REGION else _latest(found)

    def actors(self, session: Session, place: str) -> list[Actor]:
        """Everybody with an assignment for an organisation, in the order they were named."""
        query = (
            select(ContactAssignment, Person)
            .join(Person, col(Person.id) == col(ContactAssignment.person_id))
            .where(col(ContactAssignment.organisation_id) == self.organisations[place], col(ContactAssignment.epoch) == 1)
            .order_by(col(ContactAssignment.id))
        )
        return [Actor(a.id, p.id, a.organisation_id, a.role, p.name, a.programme_id) for a, p in session.exec(query)]

    def named(self, session: Session, name: str, place: str, role: Role = Role.signatory) -> Actor:
        """A person by name and role, of a place or of the region."""
        found = [a for where in (place, REGION) for a in self.actors(session, where)]
        return next(a for a in reversed(found) if a.name == name and a.role is role)

    def email(self, session: Session, actor: Actor) -> str:
        assert actor.person
        return session.get_one(Person, actor.person).email


def _latest(found: list[Actor]) -> Actor:
    mains = [a for a in found if a.role is Role.main]
    return (mains or found)[-1]


def enter(session: Session, stage: Stage, raw: Script) -> None:
    """Put the organisations of a script, their boards and their people into an empty store."""
    _organisation(session, stage, REGION, OrganisationKind.region, raw["regionen"])
    for place, told in raw["kommuner"].items():
        _organisation(session, stage, place, OrganisationKind.municipality, told)
    for place, told in raw["aktörer"].items():
        _organisation(session, stage, place, OrganisationKind(told["slag"]), told)


def address(name: str, place: str) -> str:
    """Karin Östlund in Falun has karin.ostlund@falun.example."""
    return f"{_plain(name)}@{_plain(place)}.example"


def _organisation(session: Session, stage: Stage, place: str, kind: OrganisationKind, told: Script) -> None:
    row = Organisation(
        kind=kind,
        name=told["namn"],
        short_name=told.get("kort", place),
        municipality_code=told.get("kod"),
        case_prefix=told.get("prefix", ""),
        registry_email=address("registrator", place),
    )
    session.add(row)
    session.flush()
    stage.organisations[place] = row.id
    for person in told["personer"]:
        _person(session, place, row.id, person)
    if board := told.get("nämnd"):
        body = Body(organisation_id=row.id, name=board["namn"])
        session.add(body)
        session.flush()
        session.add_all(BodyMeeting(body_id=body.id, day=day, papers_due=due) for day, due in board["möten"].items())
        session.flush()


def _person(session: Session, place: str, organisation: UUID, told: Script) -> None:
    email = address(told["namn"], place)
    person = session.exec(select(Person).where(Person.email == email)).first()
    person = person or Person(name=told["namn"], email=email, phone=told.get("telefon", ""))
    session.add(person)
    session.flush()
    row = ContactAssignment(
        person_id=person.id,
        organisation_id=organisation,
        role=ROLES[told["roll"]],
        title=told.get("titel", ""),
        valid_from=told.get("från"),
        valid_to=told.get("till"),
    )
    session.add(row)
    session.flush()


def _plain(words: str) -> str:
    letters = unicodedata.normalize("NFKD", words.lower()).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9-]+", ".", letters).strip(".")
