"""The demonstration: Dalarna's fifteen agreements, brought to where they stand through the same use cases as the pages use."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from pathlib import Path
from uuid import UUID

import yaml
from sqlmodel import Session, col, select

from service.cases import dates, propose, remind, tasks
from service.cases import demo_dialogues as dialogues
from service.cases.demo_story import Scene, Story, Town, tell
from service.cases.plan_file import read_plan
from service.cases.programmes import create_agreements, create_programme
from service.store.files import Files
from service.store.session import Store
from service.store.tables import (
    Agreement,
    AgreementParty,
    Body,
    BodyMeeting,
    ContactAssignment,
    Message,
    Organisation,
    Person,
    Programme,
)
from states import message as mail
from states.agreement import State
from states.calendar import at
from states.errors import FieldError, Invalid
from states.parties import Actor, OrganisationKind, Role

FOLDER = Path(__file__).parents[1] / "demo"
PLAN = Path(__file__).parents[1] / "examples" / "dalarna.yaml"

Sweep = Callable[[Session, datetime], object]
"""What reminds; the real sweep."""


@cache
def told(path: Path = FOLDER / "dalarna.yaml") -> Story:
    """The demonstration's own file or another of its form; Invalid when it cannot be read as one."""
    try:
        raw: Story = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Invalid(FieldError("fixtures", "yaml", f"{path}, rad {line}: filen är inte giltig YAML.")) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise Invalid(FieldError("fixtures", "unreadable", f"{path} kan inte läsas som text.")) from None
    missing = [key for key in _CHAPTERS if not isinstance(raw, dict) or key not in raw]
    if missing:
        raise Invalid(FieldError("fixtures", "missing", f"{path} är inget exempel: {', '.join(missing)} saknas."))
    return raw


_CHAPTERS = ("clock", "adopted", "created", "region", "staff", "municipalities")


def demo_clock(raw: Story | None = None) -> datetime:
    """When the demonstration begins: the moment at which everything stands as its file says."""
    return datetime.fromisoformat((raw or told())["clock"])


def seed_demo(store: Store, files: Files, sweep: Sweep = remind.sweep, raw: Story | None = None) -> bool:
    """Fill an empty store; False, and nothing is done, when the demonstration is there already.

    1. Organisations, people and boards are given; everything else happens through the use cases.
    2. What happens is sorted by its moment, so that the history runs forward over all fifteen.
    3. All of it is one transaction: there is a whole demonstration, or none.
    4. On the days when somebody was to be reminded, the real sweep runs; a sweep a day would only take longer.
    5. Mail of the past is marked as sent; nobody gets it.
    """
    raw = raw or told()
    with store.write() as session:
        plan = read_plan(PLAN.read_text(encoding="utf-8"))
        if session.exec(select(Programme.id).where(Programme.slug == plan.slug)).first():
            return False
        scene = _set(session, files, raw)
        programme = create_programme(session, scene.strategist, at(raw["adopted"], time(9)), plan)
        talks = dialogues.happenings(session, files, programme.id, scene.strategist, _organisation_of, _person)
        all_that_happens = [*talks, *_happenings(raw, scene, programme.id, sweep)]
        for moment, happens in sorted(all_that_happens, key=lambda one: one[0]):
            happens(session, moment)
        _all_sent(session, demo_clock(raw))
    return True


def demo_people(session: Session) -> list[tuple[str, ContactAssignment, Person]]:
    """One person per role to sign in as, with what the role is called: a strategist, a contact, a signatory and so on."""
    wanted = (
        ("Strateg", Role.strategist, "Dalarna"),
        ("Kontakt i Gagnef", Role.main, "Gagnef"),
        ("Kontakt i Orsa", Role.main, "Orsa"),
        ("Undertecknare i Älvdalen", Role.signatory, "Älvdalen"),
        ("Undertecknare för regionen", Role.signatory, "Dalarna"),
        ("Registrator", Role.registrar, "Dalarna"),
        ("Administratör", Role.administrator, "Dalarna"),
        ("Strateg i Stockholm", Role.strategist, "Region Stockholm"),
        ("Kontakt i Nacka", Role.main, "Nacka"),
    )
    return [(label, *_find(session, role, name)) for label, role, name in wanted]


def _find(session: Session, role: Role, name: str) -> tuple[ContactAssignment, Person]:
    query = (
        select(ContactAssignment, Person)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .join(Organisation, col(Organisation.id) == col(ContactAssignment.organisation_id))
        .where(col(ContactAssignment.role) == role, col(Organisation.short_name) == name)
        .order_by(col(ContactAssignment.id))
    )
    assignment, person = session.exec(query).first() or _nobody(role)
    return assignment, person


def _nobody(role: Role) -> tuple[ContactAssignment, Person]:
    raise LookupError(role)


# ------------------------------------------------------------------ who there is
def _set(session: Session, files: Files, raw: Story) -> Scene:
    home = raw["region"]
    region = _organisation(session, OrganisationKind.region, home, prefix=home["prefix"])
    staff = [_person(session, region, p) for p in raw["staff"]]
    return Scene(raw, files, staff, [_town(session, entry) for entry in raw["municipalities"]])


def _town(session: Session, entry: Story) -> Town:
    organisation = _organisation(session, OrganisationKind.municipality, entry, code=entry["code"])
    if board := entry.get("board"):
        body = Body(organisation_id=organisation, name=board["name"])
        session.add(body)
        session.flush()
        session.add_all(BodyMeeting(body_id=body.id, **meeting) for meeting in board["meetings"])
    return Town(entry, organisation, [_person(session, organisation, p) for p in entry["people"]])


def _organisation(session: Session, kind: OrganisationKind, entry: Story, *, prefix: str = "", code: str | None = None) -> UUID:
    row = Organisation(
        kind=kind,
        name=entry["name"],
        short_name=entry["short"],
        municipality_code=code,
        registry_email=entry["registry"],
        case_prefix=prefix,
    )
    session.add(row)
    session.flush()
    return row.id


def _organisation_of(session: Session, kind: OrganisationKind, entry: Story) -> UUID:
    return _organisation(session, kind, entry, prefix=entry.get("prefix", ""), code=entry.get("code"))


def _person(session: Session, organisation: UUID, entry: Story) -> Actor:
    person = session.exec(select(Person).where(Person.email == entry["email"])).first()
    if person is None:
        person = Person(name=entry["name"], email=entry["email"], phone=entry.get("phone", ""))
        session.add(person)
        session.flush()
    row = ContactAssignment(
        person_id=person.id,
        organisation_id=organisation,
        role=Role(entry["role"]),
        title=entry.get("title", ""),
        authority=entry.get("authority", ""),
    )
    session.add(row)
    session.flush()
    return Actor(row.id, person.id, organisation, row.role, person.name, kind=session.get_one(Organisation, organisation).kind)


# ------------------------------------------------------------------ what happened, and when
_Happening = tuple[datetime, Callable[[Session, datetime], object]]


def _happenings(raw: Story, scene: Scene, programme: UUID, sweep: Sweep) -> Iterator[_Happening]:
    yield at(raw["created"], time(9)), partial(_draft, scene, programme)
    yield at(raw["firm_due"]["day"], time(9)), partial(_firm_due, scene, raw["firm_due"]["due"])
    for number, town in enumerate(scene.towns):
        if town.told.get("proposed", True):
            yield at(raw["proposed"], time(10, number)), partial(_propose, scene, town)
        if town.told.get("opened"):
            yield at(raw["proposed"] + timedelta(days=1), time(8, 30 + number)), partial(_opened, town)
        for order, entry in enumerate(town.told.get("story", ())):
            moment = at(entry["day"], time(13, 2 * number)) + timedelta(seconds=order)
            yield moment, partial(tell, scene, town, entry)
    yield at(raw["calls"]["day"], time(15)), partial(_called, scene, raw["calls"]["but"])
    for day in raw["reminded"]:
        yield at(day, time(7, 30)), sweep


def _draft(scene: Scene, programme: UUID, session: Session, now: datetime) -> None:
    made = create_agreements(session, scene.strategist, now, programme, [t.organisation for t in scene.towns])
    for town, agreement in zip(scene.towns, made.agreements, strict=True):
        town.agreement = agreement


def _propose(scene: Scene, town: Town, session: Session, now: datetime) -> None:
    propose.send_proposal(session, scene.strategist, now, town.agreement)


def _opened(town: Town, session: Session, now: datetime) -> None:
    """The contact has opened the link; the pages note this when it happens."""
    query = select(AgreementParty).where(
        AgreementParty.agreement_id == town.agreement, AgreementParty.organisation_id == town.organisation
    )
    session.exec(query).one().opened_at = now


def _firm_due(scene: Scene, day: date, session: Session, now: datetime) -> None:
    for town in scene.towns:
        if session.get_one(Agreement, town.agreement).state is State.negotiating:
            dates.change_due(session, scene.strategist, now, town.agreement, day, firm=True)


def _called(scene: Scene, but: str, session: Session, now: datetime) -> None:
    """The strategist has called everybody who had not answered, except one."""
    left = next(t.agreement for t in scene.towns if t.told["code"] == but)
    for open_one in tasks.open_tasks(session, scene.strategist, now):
        if open_one.task.kind == "call" and open_one.task.agreement_id != left:
            tasks.close_task(session, scene.strategist, now, open_one.task.id, "Jag har ringt.")


def _all_sent(session: Session, clock: datetime) -> None:
    for message in session.exec(select(Message).where(Message.state == mail.State.queued, col(Message.written_at) < clock)):
        mail.advance(message, mail.Event.send)
        message.sent_at, message.attempts, message.version = message.written_at, 1, message.version + 1
        session.add(message)
