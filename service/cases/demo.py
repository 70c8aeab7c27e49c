"""The demonstration: Dalarna's fifteen agreements, brought to where they stand through the same use cases as the pages use."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from sqlmodel import Session, col, select

from service.cases import (
    case_number,
    contacts,
    dates,
    decide,
    documents,
    finish,
    opening,
    propose,
    publish,
    remind,
    reopen,
    respond,
    sign,
    signatories,
    tasks,
)
from service.cases import demo_dialogues as dialogues
from service.cases.plan_file import read_plan
from service.cases.programmes import create_agreements, create_programme
from service.store.files import Files
from service.store.session import Store
from service.store.standing import Standing, current_frozen, load, load_many
from service.store.tables import (
    Agreement,
    AgreementParty,
    Body,
    BodyMeeting,
    ClauseVersion,
    ContactAssignment,
    Message,
    Organisation,
    Person,
    Programme,
)
from service.store.tables.response import AnswerKind
from states import message as mail
from states.access import Operation
from states.agreement import State
from states.calendar import at
from states.clause import Negotiated
from states.decision import Kind, Outcome
from states.errors import FieldError, Invalid
from states.parties import Actor, OrganisationKind, Role

FOLDER = Path(__file__).parents[1] / "demo"
PLAN = Path(__file__).parents[1] / "examples" / "dalarna.yaml"

Story = dict[str, Any]
"""One entry of the demonstration's file: `day` and what happens then."""


Sweep = Callable[[Session, datetime], object]
"""What reminds; the real sweep."""


@dataclass(slots=True)
class _Town:
    """One municipality of the demonstration, with the people who act for it."""

    told: Story
    organisation: UUID
    people: list[Actor]
    agreement: UUID = field(default_factory=lambda: UUID(int=0))

    def one(self, role: Role) -> Actor:
        return next(p for p in self.people if p.role is role)


@dataclass(slots=True)
class _Scene:
    """What the story is told with."""

    told: Story
    files: Files
    staff: list[Actor]
    towns: list[_Town]

    @property
    def strategist(self) -> Actor:
        return next(p for p in self.staff if p.role is Role.strategist)


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
def _set(session: Session, files: Files, raw: Story) -> _Scene:
    home = raw["region"]
    region = _organisation(session, OrganisationKind.region, home, prefix=home["prefix"])
    staff = [_person(session, region, p) for p in raw["staff"]]
    return _Scene(raw, files, staff, [_town(session, entry) for entry in raw["municipalities"]])


def _town(session: Session, entry: Story) -> _Town:
    organisation = _organisation(session, OrganisationKind.municipality, entry, code=entry["code"])
    if board := entry.get("board"):
        body = Body(organisation_id=organisation, name=board["name"])
        session.add(body)
        session.flush()
        session.add_all(BodyMeeting(body_id=body.id, **meeting) for meeting in board["meetings"])
    return _Town(entry, organisation, [_person(session, organisation, p) for p in entry["people"]])


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
    return Actor(row.id, person.id, organisation, row.role, person.name)


# ------------------------------------------------------------------ what happened, and when
_Happening = tuple[datetime, Callable[[Session, datetime], object]]


def _happenings(raw: Story, scene: _Scene, programme: UUID, sweep: Sweep) -> Iterator[_Happening]:
    yield at(raw["created"], time(9)), partial(_draft, scene, programme)
    yield at(raw["firm_due"]["day"], time(9)), partial(_firm_due, scene, raw["firm_due"]["due"])
    for number, town in enumerate(scene.towns):
        if town.told.get("proposed", True):
            yield at(raw["proposed"], time(10, number)), partial(_propose, scene, town)
        if town.told.get("opened"):
            yield at(raw["proposed"] + timedelta(days=1), time(8, 30 + number)), partial(_opened, town)
        for order, entry in enumerate(town.told.get("story", ())):
            moment = at(entry["day"], time(13, 2 * number)) + timedelta(seconds=order)
            yield moment, partial(_told, scene, town, entry)
    yield at(raw["calls"]["day"], time(15)), partial(_called, scene, raw["calls"]["but"])
    for day in raw["reminded"]:
        yield at(day, time(7, 30)), sweep


def _draft(scene: _Scene, programme: UUID, session: Session, now: datetime) -> None:
    made = create_agreements(session, scene.strategist, now, programme, [t.organisation for t in scene.towns])
    for town, agreement in zip(scene.towns, made.agreements, strict=True):
        town.agreement = agreement


def _propose(scene: _Scene, town: _Town, session: Session, now: datetime) -> None:
    propose.send_proposal(session, scene.strategist, now, town.agreement)


def _opened(town: _Town, session: Session, now: datetime) -> None:
    """The contact has opened the link; the pages note this when it happens."""
    query = select(AgreementParty).where(
        AgreementParty.agreement_id == town.agreement, AgreementParty.organisation_id == town.organisation
    )
    session.exec(query).one().opened_at = now


def _firm_due(scene: _Scene, day: date, session: Session, now: datetime) -> None:
    for town in scene.towns:
        if session.get_one(Agreement, town.agreement).state is State.negotiating:
            dates.change_due(session, scene.strategist, now, town.agreement, day, firm=True)


def _called(scene: _Scene, but: str, session: Session, now: datetime) -> None:
    """The strategist has called everybody who had not answered, except one."""
    left = next(t.agreement for t in scene.towns if t.told["code"] == but)
    for open_one in tasks.open_tasks(session, scene.strategist, now):
        if open_one.task.kind == "call" and open_one.task.agreement_id != left:
            tasks.close_task(session, scene.strategist, now, open_one.task.id, "Jag har ringt.")


def _told(scene: _Scene, town: _Town, entry: Story, session: Session, now: datetime) -> None:
    """One entry of a story: its other keys say what happens."""
    verb = next(key for key in entry if key in _VERBS)
    _VERBS[verb](session, now, scene, town, entry)


def _answer(session: Session, now: datetime, scene: _Scene, town: _Town, entry: Story) -> None:
    actor = scene.strategist if entry["by"] == "region" else town.one(Role.main)
    standing = load_many(session, [town.agreement])[town.agreement]
    response: UUID | None = None
    for draft in _drafts(session, standing, actor, town, entry):
        response = respond.save_answer(session, actor, now, town.agreement, draft).response_id
    assert response is not None
    respond.send_response(session, actor, now, town.agreement, response)


def _drafts(session: Session, standing: Standing, actor: Actor, town: _Town, entry: Story) -> Iterator[respond.Draft]:
    rewrite, exclude, accept = entry.get("rewrite", {}), entry.get("exclude", {}), entry.get("accept", [])
    me = standing.party_of(actor).id
    for number, clause in enumerate(standing.clauses, 1):
        if number in rewrite:
            title, fields = _reworded(session, clause, rewrite[number]["text"])
            yield respond.Draft(AnswerKind.counter, clause.id, clause.head.id, title, fields, rewrite[number]["reason"])
        elif number in exclude:
            yield respond.Draft(AnswerKind.exclude, clause.id, clause.head.id, reason=exclude[number])
        elif me in standing.clause_waits_on(clause) and (accept in ("all", "rest") or number in accept):
            yield respond.Draft(AnswerKind.accept, clause.id, clause.head.id)
    if entry.get("add"):
        own = town.told["own_area"]
        yield respond.Draft(AnswerKind.add, title=own["title"], fields={"w": own["text"]})


def _reworded(session: Session, clause: Negotiated, text: str) -> tuple[str, dict[str, str]]:
    head = session.get_one(ClauseVersion, clause.head.id)
    return head.title, {**head.fields, "w": text}


def _case_number(session: Session, now: datetime, _: _Scene, town: _Town, entry: Story) -> None:
    actor = town.one(Role.main)
    standing = load(session, actor, Operation.set_case_number, town.agreement)
    case_number.set_case_number(session, actor, now, standing, standing.party_of(actor).id, entry["case_number"])


def _slots(session: Session, now: datetime, scene: _Scene, town: _Town, _: Story) -> None:
    standing = load_many(session, [town.agreement])[town.agreement]
    for party in standing.parties:
        people, named = (scene.staff, scene.told["staff"]) if party.is_region else (town.people, town.told["people"])
        plans = [
            signatories.SlotPlan(actor.assignment, entry["title"], entry.get("authority", ""))
            for actor, entry in zip(people, named, strict=True)
            if actor.role is Role.signatory
        ]
        signatories.plan_slots(session, scene.strategist, now, town.agreement, party.id, plans)


def _board(session: Session, now: datetime, _: _Scene, town: _Town, entry: Story) -> None:
    actor, board = town.one(Role.main), entry["board"]
    party = load_many(session, [town.agreement])[town.agreement].party_of(actor)
    step = decide.StepPlan(Kind(board["kind"]), board["body"], board.get("meeting"), board.get("papers_due"))
    decide.plan_step(session, actor, now, town.agreement, party.id, step)


def _request_decision(session: Session, now: datetime, _: _Scene, town: _Town, __: Story) -> None:
    decide.request_decision(session, town.one(Role.main), now, town.agreement)


def _papers(session: Session, now: datetime, _: _Scene, town: _Town, __: Story) -> None:
    decide.send_papers(session, town.one(Role.main), now, opening.steps_of(session, town.agreement)[0].id)


def _approve(session: Session, now: datetime, _: _Scene, town: _Town, entry: Story) -> None:
    outcome = decide.Decided(
        Outcome.approved, _code(session, town), entry["approve"]["decided"], paragraph=entry["approve"]["paragraph"]
    )
    decide.record_outcome(session, town.one(Role.main), now, opening.steps_of(session, town.agreement)[0].id, outcome)


def _sign(session: Session, now: datetime, scene: _Scene, town: _Town, entry: Story) -> None:
    people = scene.staff if entry["sign"] == "region" else town.people
    for actor in (p for p in people if p.role is Role.signatory):
        place = next(s for s in opening.slots_of(session, town.agreement) if s.assignment_id == actor.assignment)
        sign.sign(session, actor, now, place.id, _code(session, town))
    documents.finish_signed(session, scene.files, now, town.agreement)


def _publish(session: Session, now: datetime, scene: _Scene, town: _Town, _: Story) -> None:
    document = documents.signed_document(session, town.agreement)
    assert document is not None
    publish.publish(session, scene.strategist, now, town.agreement, document.id)


def _reopen(session: Session, now: datetime, _: _Scene, town: _Town, entry: Story) -> None:
    standing = load_many(session, [town.agreement])[town.agreement]
    for number, new in entry["reopen"].items():
        clause = standing.clauses[number - 1]
        title, fields = _reworded(session, clause, new["text"])
        actor = town.one(Role.main)
        reopen.reopen(session, actor, now, town.agreement, clause.id, clause.head.id, title, fields, new["reason"])


def _decline(session: Session, now: datetime, _: _Scene, town: _Town, entry: Story) -> None:
    finish.decline(session, town.one(Role.main), now, town.agreement, entry["decline"])


def _contact_leaves(session: Session, now: datetime, scene: _Scene, town: _Town, _: Story) -> None:
    assignment = town.one(Role.main).assignment
    assert assignment is not None
    contacts.end(session, scene.strategist, now, assignment)


def _code(session: Session, town: _Town) -> str:
    frozen = current_frozen(session, town.agreement)
    return frozen.control_code if frozen else ""


def _all_sent(session: Session, clock: datetime) -> None:
    for message in session.exec(select(Message).where(Message.state == mail.State.queued, col(Message.written_at) < clock)):
        mail.advance(message, mail.Event.send)
        message.sent_at, message.attempts, message.version = message.written_at, 1, message.version + 1
        session.add(message)


_VERBS: dict[str, Callable[[Session, datetime, _Scene, _Town, Story], None]] = {
    "by": _answer,
    "case_number": _case_number,
    "slots": _slots,
    "board": _board,
    "request_decision": _request_decision,
    "papers": _papers,
    "approve": _approve,
    "sign": _sign,
    "publish": _publish,
    "reopen": _reopen,
    "decline": _decline,
    "contact_leaves": _contact_leaves,
}
