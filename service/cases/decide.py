"""Deciding: each party says who decides and when, the decision is asked for on the frozen text, and its outcome is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.frozen import frozen_text
from service.cases.mail import task, task_about_done, task_done, tell
from service.cases.opening import open_when_decided, steps_of
from service.cases.reopen import object_to
from service.cases.steps import note, step
from service.cases.wording import line
from service.cases.wording import reason as reason_text
from service.post.letters import LetterName
from service.store.standing import Party, Standing, load, load_by
from service.store.tables import Body, BodyMeeting, DecisionStep
from states import decision
from states.access import Operation
from states.agreement import CLOSED, RULEBOOK, Event, State
from states.calendar import BoardMeeting, civil, next_possible
from states.decision import REQUIRED, Kind, Outcome
from states.errors import Blocked, FieldError, Invalid, NotAllowed, Reason, Stale
from states.facts import spoken
from states.parties import Actor

PAPERS_LATE = "papers_late"


@dataclass(frozen=True, slots=True)
class StepPlan:
    """How a party will decide: kind, board, meeting and its last day for papers."""

    kind: Kind
    body: str
    meeting_on: date | None = None
    papers_due: date | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What a board or delegate decided, as it stands in the minutes; `clauses` only when something is referred back."""

    outcome: Outcome
    control_code: str
    decided_on: date
    paragraph: str = ""
    reason: str = ""
    clauses: Sequence[UUID] = ()
    next_meeting: date | None = None


def plan_step(
    session: Session, actor: Actor, now: datetime, agreement_id: UUID, party_id: UUID, plan: StepPlan, version: int | None = None
) -> DecisionStep:
    """Say how a party decides, or change it while nothing is decided; a contact speaks for the own party only."""
    standing = load(session, actor, Operation.plan_decision, agreement_id, version=version)
    party = standing.party_for(actor, party_id)
    row = next((s for s in steps_of(session, agreement_id) if s.party_id == party.id), None)
    asked = standing.agreement.state is State.deciding
    _check_plannable(standing.agreement.state, row, plan)
    row = row or DecisionStep(agreement_id=agreement_id, party_id=party.id, kind=plan.kind, version=0)
    row.frozen_id = frozen_text(session, standing).id if asked and plan.kind in REQUIRED else row.frozen_id
    moved = row.version > 0 and (row.meeting_on, row.papers_due) != (plan.meeting_on, plan.papers_due)
    row.round += moved
    row.kind, row.meeting_on, row.papers_due = plan.kind, plan.meeting_on, plan.papers_due
    row.body = line(plan.body, "body", missing="Ange vilken nämnd eller vem som beslutar.")
    row.version += 1
    session.add(row)
    facts = {"party": party.organisation.name, "decision_kind": plan.kind.value, "body": row.body}
    note(session, actor, now, standing, "plan_decision", **facts)
    return row


def _check_plannable(state: State, row: DecisionStep | None, plan: StepPlan) -> None:
    """What is decided stands, and a decision that the other side has asked for is not made into less."""
    if state in (State.signing, *CLOSED):
        raise NotAllowed("plan_decision", state)
    if row is not None and row.state is decision.State.decided:
        raise NotAllowed("plan_decision", row.state)
    if plan.papers_due and plan.meeting_on and plan.papers_due > plan.meeting_on:
        raise Invalid(FieldError("papers_due", "after-meeting", "Sista dag för handlingar ligger efter mötet."))
    if state is State.deciding and row is not None and row.kind in REQUIRED and plan.kind not in REQUIRED:
        raise Blocked(
            Reason("decision-requested", "Beslutet är redan begärt. Det kan inte bytas mot en anmälan eller information.")
        )


def suggested_meeting(session: Session, party: Party, body: str, today: date) -> BoardMeeting | None:
    """The board's next meeting whose last day for papers has not passed."""
    query = (
        select(BodyMeeting)
        .join(Body, col(Body.id) == col(BodyMeeting.body_id))
        .where(col(Body.organisation_id) == party.organisation.id, col(Body.name) == body)
    )
    return next_possible([BoardMeeting(m.day, m.papers_due) for m in session.exec(query).all()], today)


def request_decision(session: Session, actor: Actor, now: datetime, agreement_id: UUID, version: int | None = None) -> Standing:
    """Ask the boards to decide on the frozen text; the reminders rest until then."""
    standing = load(session, actor, Operation.plan_decision, agreement_id, version=version)
    RULEBOOK.find(Event.request_decision, standing.agreement.state)
    required = [s for s in steps_of(session, agreement_id) if s.kind in REQUIRED]
    if not required:
        raise Blocked(Reason("no-decision-step", "Ingen har angett vem som beslutar. Lägg till ett beslutssteg först."))
    frozen = frozen_text(session, standing)
    for row in required:
        row.frozen_id, row.round, row.version = frozen.id, row.round + 1, row.version + 1
        session.add(row)
    step(session, actor, now, standing, Event.request_decision, control_code=frozen.control_code)
    for row in required:
        facts = {"kontrollkod": spoken(frozen.control_code), "namnd": row.body}
        tell(session, now, standing, standing.party(row.party_id), LetterName.decision_requested, facts)
    return standing


def send_papers(session: Session, actor: Actor, now: datetime, step_id: UUID) -> DecisionStep:
    """Note that the papers have gone to the board; late papers are noted too, with a task to check the meeting."""
    row, standing = load_by(session, actor, Operation.plan_decision, DecisionStep, step_id)
    party = standing.party_for(actor, row.party_id)
    decision.advance(row, decision.Event.send_papers)
    task_about_done(session, actor, now, row.id)
    row.version += 1
    session.add(row)
    late = row.papers_due is not None and civil(now) > row.papers_due
    note(session, actor, now, standing, "send_papers", party=party.organisation.name, body=row.body, late=late)
    if late:
        task(
            session,
            now,
            standing,
            PAPERS_LATE,
            f"{party.organisation.name}: handlingarna kom efter sista dagen",
            once=f"papers:{row.id}",
        )
    return row


def record_outcome(
    session: Session, actor: Actor, now: datetime, step_id: UUID, decided: Decided, version: int | None = None
) -> Standing:
    """Record what was decided about the frozen text and take the agreement where that leads."""
    row, standing = load_by(session, actor, Operation.record_outcome, DecisionStep, step_id)
    party = standing.party_for(actor, row.party_id)
    if version is not None and row.version != version:
        raise Stale
    _check_decided(session, standing, row, decided, civil(now))
    RULEBOOK.find(_EVENTS[decided.outcome], standing.agreement.state)
    tabled = decided.outcome is Outcome.tabled
    decision.advance(row, decision.Event.table if tabled else decision.Event.decide)
    row.outcome = None if tabled else decided.outcome
    row.paragraph = line(decided.paragraph, "paragraph")
    row.reason = decided.reason.strip()
    row.decided_on = None if tabled else decided.decided_on
    if tabled:
        row.meeting_on, row.papers_due, row.round = decided.next_meeting, None, row.round + 1
    row.version += 1
    session.add(row)
    session.flush()
    task_done(session, actor, now, standing, PAPERS_LATE, once=f"papers:{row.id}")
    task_about_done(session, actor, now, row.id)
    return _follow(session, actor, now, standing, party, row, decided)


def report_decision(session: Session, actor: Actor, now: datetime, step_id: UUID, paragraph: str) -> DecisionStep:
    """Note under which paragraph a delegated decision was reported to the board; nobody is reminded of it any more."""
    row, standing = load_by(session, actor, Operation.record_outcome, DecisionStep, step_id)
    party = standing.party_for(actor, row.party_id)
    if row.kind is not Kind.delegated or row.outcome is not Outcome.approved or row.paragraph:
        raise NotAllowed("report_decision", row.state)
    row.paragraph = line(paragraph, "paragraph", missing="Ange paragrafen i protokollet, till exempel § 47.")
    row.version += 1
    session.add(row)
    task_about_done(session, actor, now, row.id)
    note(session, actor, now, standing, "report_decision", party=party.organisation.name, paragraph=row.paragraph)
    return row


_EVENTS = {
    Outcome.approved: Event.approve,
    Outcome.rejected: Event.reject,
    Outcome.referred_back: Event.refer_back,
    Outcome.tabled: Event.table,
}


def _follow(
    session: Session, actor: Actor, now: datetime, standing: Standing, party: Party, row: DecisionStep, decided: Decided
) -> Standing:
    """Where an outcome leads: to signing after the last approval, back to negotiation, to the end, or to the next meeting."""
    facts = {"party": party.organisation.name, "body": row.body, "paragraph": row.paragraph, "control_code": decided.control_code}
    if decided.outcome is Outcome.approved:
        note(session, actor, now, standing, "decision_approved", **facts)
        return open_when_decided(session, actor, now, standing)
    if decided.outcome is Outcome.referred_back:
        return object_to(session, actor, now, standing, party, Event.refer_back, row.reason, decided.clauses)
    if decided.outcome is Outcome.tabled:
        step(session, actor, now, standing, Event.table, **facts, reason=row.reason)
        return standing
    task_done(session, actor, now, standing)
    standing.agreement.ended_as, standing.agreement.ended_reason = State.declined, row.reason
    step(session, actor, now, standing, Event.reject, **facts, reason=row.reason)
    for other in standing.others(party):
        told = {"fran": party.organisation.name, "namnd": row.body, "motivering": row.reason}
        tell(session, now, standing, other, LetterName.decision_rejected, told)
    return standing


def _check_decided(session: Session, standing: Standing, row: DecisionStep, decided: Decided, today: date) -> None:
    frozen = frozen_text(session, standing)
    if decided.control_code != frozen.control_code or row.frozen_id != frozen.id:
        raise Blocked(Reason("not-the-frozen-text", "Beslutet gäller inte den text som är låst nu. Jämför kontrollkoderna."))
    if decided.outcome is not Outcome.approved:
        reason_text(decided.reason, missing="Skriv varför, så att den andra parten förstår.")
    if decided.outcome is not Outcome.tabled and decided.decided_on > today:
        raise Invalid(FieldError("decided_on", "future", "Beslutsdagen ligger i framtiden."))
    if decided.outcome is Outcome.approved and row.kind is Kind.resolution:
        line(decided.paragraph, "paragraph", missing="Ange paragrafen i protokollet, till exempel § 47.")
