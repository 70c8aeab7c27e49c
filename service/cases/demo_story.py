"""The verbs of the demonstration: what an entry of a town's story says happened, done through the use cases."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from service.cases import case_number, contacts, decide, documents, finish, opening, publish, reopen, respond, sign, signatories
from service.store.files import Files
from service.store.standing import Standing, current_frozen, load, load_many
from service.store.tables import ClauseVersion
from service.store.tables.response import AnswerKind
from states.access import Operation
from states.clause import Negotiated
from states.decision import Kind, Outcome
from states.parties import Actor, Role

Story = dict[str, Any]
"""One entry of the demonstration's file: `day` and what happens then."""


@dataclass(slots=True)
class Town:
    """One municipality of the demonstration, with the people who act for it."""

    told: Story
    organisation: UUID
    people: list[Actor]
    agreement: UUID = field(default_factory=lambda: UUID(int=0))

    def one(self, role: Role) -> Actor:
        return next(p for p in self.people if p.role is role)


@dataclass(slots=True)
class Scene:
    """What the story is told with."""

    told: Story
    files: Files
    staff: list[Actor]
    towns: list[Town]

    @property
    def strategist(self) -> Actor:
        return next(p for p in self.staff if p.role is Role.strategist)


def tell(scene: Scene, town: Town, entry: Story, session: Session, now: datetime) -> None:
    """One entry of a story: its other keys say what happens."""
    verb = next(key for key in entry if key in _VERBS)
    _VERBS[verb](session, now, scene, town, entry)


def _answer(session: Session, now: datetime, scene: Scene, town: Town, entry: Story) -> None:
    actor = scene.strategist if entry["by"] == "region" else town.one(Role.main)
    standing = load_many(session, [town.agreement])[town.agreement]
    response: UUID | None = None
    for draft in _drafts(session, standing, actor, town, entry):
        response = respond.save_answer(session, actor, now, town.agreement, draft).response_id
    assert response is not None
    respond.send_response(session, actor, now, town.agreement, response)


def _drafts(session: Session, standing: Standing, actor: Actor, town: Town, entry: Story) -> Iterator[respond.Draft]:
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


def _case_number(session: Session, now: datetime, _: Scene, town: Town, entry: Story) -> None:
    actor = town.one(Role.main)
    standing = load(session, actor, Operation.set_case_number, town.agreement)
    case_number.set_case_number(session, actor, now, standing, standing.party_of(actor).id, entry["case_number"])


def _slots(session: Session, now: datetime, scene: Scene, town: Town, _: Story) -> None:
    standing = load_many(session, [town.agreement])[town.agreement]
    for party in standing.parties:
        people, named = (scene.staff, scene.told["staff"]) if party.is_region else (town.people, town.told["people"])
        plans = [
            signatories.SlotPlan(actor.assignment, entry["title"], entry.get("authority", ""))
            for actor, entry in zip(people, named, strict=True)
            if actor.role is Role.signatory
        ]
        signatories.plan_slots(session, scene.strategist, now, town.agreement, party.id, plans)


def _board(session: Session, now: datetime, _: Scene, town: Town, entry: Story) -> None:
    actor, board = town.one(Role.main), entry["board"]
    party = load_many(session, [town.agreement])[town.agreement].party_of(actor)
    step = decide.StepPlan(Kind(board["kind"]), board["body"], board.get("meeting"), board.get("papers_due"))
    decide.plan_step(session, actor, now, town.agreement, party.id, step)


def _request_decision(session: Session, now: datetime, _: Scene, town: Town, __: Story) -> None:
    decide.request_decision(session, town.one(Role.main), now, town.agreement)


def _papers(session: Session, now: datetime, _: Scene, town: Town, __: Story) -> None:
    decide.send_papers(session, town.one(Role.main), now, opening.steps_of(session, town.agreement)[0].id)


def _approve(session: Session, now: datetime, _: Scene, town: Town, entry: Story) -> None:
    outcome = decide.Decided(
        Outcome.approved, _code(session, town), entry["approve"]["decided"], paragraph=entry["approve"]["paragraph"]
    )
    decide.record_outcome(session, town.one(Role.main), now, opening.steps_of(session, town.agreement)[0].id, outcome)


def _sign(session: Session, now: datetime, scene: Scene, town: Town, entry: Story) -> None:
    people = scene.staff if entry["sign"] == "region" else town.people
    for actor in (p for p in people if p.role is Role.signatory):
        place = next(s for s in opening.slots_of(session, town.agreement) if s.assignment_id == actor.assignment)
        sign.sign(session, actor, now, place.id, _code(session, town))
    documents.finish_signed(session, scene.files, now, town.agreement)


def _publish(session: Session, now: datetime, scene: Scene, town: Town, _: Story) -> None:
    document = documents.signed_document(session, town.agreement)
    assert document is not None
    publish.publish(session, scene.strategist, now, town.agreement, document.id)


def _reopen(session: Session, now: datetime, _: Scene, town: Town, entry: Story) -> None:
    standing = load_many(session, [town.agreement])[town.agreement]
    for number, new in entry["reopen"].items():
        clause = standing.clauses[number - 1]
        title, fields = _reworded(session, clause, new["text"])
        actor = town.one(Role.main)
        reopen.reopen(session, actor, now, town.agreement, clause.id, clause.head.id, title, fields, new["reason"])


def _decline(session: Session, now: datetime, _: Scene, town: Town, entry: Story) -> None:
    finish.decline(session, town.one(Role.main), now, town.agreement, entry["decline"])


def _contact_leaves(session: Session, now: datetime, scene: Scene, town: Town, _: Story) -> None:
    assignment = town.one(Role.main).assignment
    assert assignment is not None
    contacts.end(session, scene.strategist, now, assignment)


def _code(session: Session, town: Town) -> str:
    frozen = current_frozen(session, town.agreement)
    return frozen.control_code if frozen else ""


_VERBS: dict[str, Callable[[Session, datetime, Scene, Town, Story], None]] = {
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
