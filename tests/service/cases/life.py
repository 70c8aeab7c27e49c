"""An agreement taken to each stage of its life through the use cases, for tests that begin there."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.check import findings
from service.cases.decide import Decided, StepPlan, plan_step, record_outcome, request_decision
from service.cases.documents import keep_scan
from service.cases.opening import slots_of, steps_of
from service.cases.propose import send_proposal
from service.cases.respond import Draft, save_answer, send_response
from service.cases.sign import sign
from service.cases.signatories import SlotPlan, plan_slots
from service.store.files import Files
from service.store.session import Store
from service.store.standing import Standing, current_frozen, load_many
from service.store.tables import Answer, ClauseVersion, Event, Message, Response, SignatureSlot
from service.store.tables.response import AnswerKind
from states.clause import Negotiated
from states.decision import Kind, Outcome
from states.parties import Actor
from tests.people import Cast, arrive, draft, later
from tests.stores import Begun

PDF = b"%PDF-1.7 a scan"


@dataclass(slots=True)
class Case:
    """A store with the cast and one agreement between the region and Falun."""

    store: Store
    cast: Cast
    id: UUID
    files: Files

    def standing(self, session: Session) -> Standing:
        return load_many(session, [self.id])[self.id]

    def kinds(self) -> list[str]:
        """The kinds of this agreement's history in order."""
        with self.store.read() as session:
            return [e.kind for e in events(session, self)]

    def mails(self, purpose: str) -> list[Message]:
        with self.store.read() as session:
            query = select(Message).where(Message.agreement_id == self.id, Message.purpose == purpose)
            found = list(session.exec(query).all())
            session.expunge_all()
            return found

    def state(self) -> str:
        with self.store.read() as session:
            return self.standing(session).agreement.state.value

    def sound(self) -> None:
        """Nothing impossible lies in the store."""
        with self.store.read() as session:
            assert findings(session) == []


def events(session: Session, case: Case) -> list[Event]:
    """The agreement's history, oldest first."""
    return list(session.exec(select(Event).where(col(Event.agreement_id) == case.id).order_by(col(Event.seq))).all())


def frozen_id(session: Session, case: Case) -> UUID:
    frozen = current_frozen(session, case.id)
    assert frozen is not None
    return frozen.id


def begin(store: Store, files: Files) -> Case:
    """A draft."""
    with store.write() as session:
        cast = arrive(session)
        return Case(store, cast, draft(session, cast), files)


def begun_in(store: Store, begun: Begun, files: Files) -> Case:
    """A draft in an empty store, on SQLite a copy of one that was made before."""
    if not store.sqlite:
        return begin(store, files)
    begun.laid_in(store)
    return Case(store, begun.cast, begun.agreement, files)


def propose(case: Case) -> Case:
    with case.store.write() as session:
        send_proposal(session, case.cast.elin, later(), case.id)
    return case


def answer(session: Session, case: Case, actor: Actor, now: datetime, *drafts: Draft) -> Response:
    """Save these answers and send them."""
    rows = [save_answer(session, actor, now, case.id, d) for d in drafts]
    return send_response(session, actor, now, case.id, rows[-1].response_id)


def accepting(clause: Negotiated) -> Draft:
    return Draft(AnswerKind.accept, clause.id, clause.head.id)


def countering(session: Session, clause: Negotiated, text: str, title: str = "") -> Draft:
    head = session.get_one(ClauseVersion, clause.head.id)
    return Draft(AnswerKind.counter, clause.id, clause.head.id, title or head.title, {**head.fields, "w": text}, "Bättre så.")


def excluding(clause: Negotiated, why: str = "Vi hinner inte.") -> Draft:
    return Draft(AnswerKind.exclude, clause.id, clause.head.id, reason=why)


def accept_all(case: Case, actor: Actor, now: datetime) -> None:
    with case.store.write() as session:
        standing = case.standing(session)
        mine = standing.party_of(actor).id
        answer(session, case, actor, now, *(accepting(c) for c in standing.clauses if mine in standing.clause_waits_on(c)))


def agree(case: Case) -> Case:
    """Agreed: Falun has accepted everything."""
    accept_all(case, case.cast.karin, later(30))
    return case


def code_of(session: Session, case: Case) -> str:
    frozen = current_frozen(session, case.id)
    assert frozen is not None
    return frozen.control_code


def plan_signing(case: Case, *, region_first: bool = False) -> None:
    """A signatory for each party."""
    cast = case.cast
    with case.store.write() as session:
        for party in case.standing(session).parties:
            who = cast.torun if party.is_region else cast.chair
            place = SlotPlan(who.assignment, "ordförande", position=1 if party.is_region or not region_first else 2)
            plan_slots(session, cast.elin, later(31), case.id, party.id, [place])


def ask_board(case: Case) -> UUID:
    """Deciding: Falun's board is asked; returns the step."""
    with case.store.write() as session:
        falun = case.standing(session).party_of(case.cast.karin)
        plan = StepPlan(Kind.resolution, "Kulturnämnden", date(2027, 9, 1), date(2027, 8, 18))
        plan_step(session, case.cast.karin, later(32), case.id, falun.id, plan)
        request_decision(session, case.cast.karin, later(33), case.id)
        return steps_of(session, case.id)[0].id


def decided(session: Session, case: Case, outcome: Outcome = Outcome.approved, **more: object) -> Decided:
    values: dict[str, object] = {"decided_on": later(120).date(), "paragraph": "§ 47", **more}
    return Decided(outcome, code_of(session, case), **values)  # type: ignore[arg-type]


def approve(case: Case, step: UUID) -> Case:
    with case.store.write() as session:
        record_outcome(session, case.cast.karin, later(121), step, decided(session, case))
    return case


def open_for_signing(case: Case, *, region_first: bool = False) -> Case:
    """Signing: agreed, decided, and everybody is asked."""
    agree(propose(case))
    plan_signing(case, region_first=region_first)
    return approve(case, ask_board(case))


def place_of(session: Session, case: Case, actor: Actor) -> SignatureSlot:
    return next(s for s in slots_of(session, case.id) if s.assignment_id == actor.assignment)


def sign_as(case: Case, actor: Actor, now: datetime | None = None) -> None:
    with case.store.write() as session:
        sign(session, actor, now or later(125), place_of(session, case, actor).id, code_of(session, case))


def scan(session: Session, case: Case, actor: Actor) -> UUID:
    return keep_scan(session, case.files, actor, later(125), case.id, PDF).id


def answers_in(session: Session) -> list[Answer]:
    return list(session.exec(select(Answer)).all())
