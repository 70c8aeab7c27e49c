"""Who owes what: the facts that reminders are decided on, read for many agreements in a fixed number of queries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.cases.owed_facts import Facts, counts
from service.store import looks
from service.store.contacts import Contact
from service.store.mailbox import QUEUED as QUEUED
from service.store.standing import Party, Standing
from service.store.tables import Agreement, ContactAssignment, DecisionStep, Organisation, Reminder
from states import decision, slot
from states.agreement import CLOSED, PROPOSED, State
from states.calendar import at, civil
from states.decision import Kind, Outcome
from states.policy import Policy
from states.reminders import Obligation, Purpose, new_boards

CHUNK = 2_000
"""How many agreements are read at a time."""

LOOKS_BACK = timedelta(days=30)
"""How long after its last day an ended or settled case still tells why nobody was reminded."""


@dataclass(frozen=True, slots=True)
class Owed:
    """One obligation with the rows it speaks of; `left` counts the areas that wait, `contact` is who would get the mail."""

    obligation: Obligation
    policy: Policy
    standing: Standing
    party: Party
    contact: Contact | None
    subject: UUID
    left: int = 0
    title: str = ""
    step: DecisionStep | None = None

    @property
    def agreement(self) -> Agreement:
        return self.standing.agreement

    @property
    def agreement_id(self) -> UUID | None:
        return self.agreement.id

    @property
    def organisation(self) -> Organisation:
        """Who owes it."""
        return self.party.organisation

    @property
    def region_id(self) -> UUID:
        return self.agreement.region_id

    @property
    def programme_id(self) -> UUID | None:
        return self.agreement.programme_id

    @property
    def since(self) -> datetime:
        """When the case began: what is newest stands first in a list."""
        return self.agreement.proposed_at or self.agreement.created_at


def concerned(session: Session, today: date, after: str | None, limit: int, region: UUID | None = None) -> list[UUID]:
    """The next agreements, by id, in which somebody may owe something, or owed it until lately."""
    query = (
        select(Agreement.id)
        .where(col(Agreement.proposed_at).is_not(None), or_(*_reasons(today)))
        .order_by(col(Agreement.id))
        .limit(limit)
    )
    if after is not None:
        query = query.where(col(Agreement.id) > UUID(after))
    if region is not None:
        query = query.where(col(Agreement.region_id) == region)
    return list(session.exec(query).all())


def to_look_at(session: Session, today: date, after: str | None, limit: int) -> dict[UUID, bool]:
    """The next agreements, by id and locked, whose look is due; and whether somebody may owe something in each."""
    query = (
        columns(col(Agreement.id), or_(*_reasons(today)))
        .where(col(Agreement.proposed_at).is_not(None), looks.due(today))
        .order_by(col(Agreement.id))
        .limit(limit)
        .with_for_update()
    )
    if after is not None:
        query = query.where(col(Agreement.id) > UUID(after))
    return {agreement: bool(owes) for agreement, owes in session.connection().execute(query)}


def _reasons(today: date) -> Iterator[ColumnElement[bool]]:
    """Why an agreement is looked at: it is under way, it was until lately, a decision is not reported, boards are new."""
    yield col(Agreement.state).in_((State.negotiating, State.deciding, State.signing))
    yield and_(col(Agreement.state).in_(PROPOSED + CLOSED), col(Agreement.due) >= today - LOOKS_BACK)
    delegated = (DecisionStep.kind == Kind.delegated, DecisionStep.outcome == Outcome.approved, DecisionStep.paragraph == "")
    yield col(Agreement.id).in_(select(DecisionStep.agreement_id).where(*delegated))
    if asked := new_boards(today):
        before = col(Agreement.proposed_at) < at(asked, time())
        yield and_(col(Agreement.state).in_((*PROPOSED, State.signed)), before)


def owed(facts: Facts) -> list[Owed]:
    """Everything the agreements wait for, or no longer do: answers, papers, outcomes, signatures, reports, confirmations."""
    return [*_answers(facts), *_decisions(facts), *_signatures(facts), *_confirmations(facts)]


def asked_of(step: DecisionStep, state: State) -> Iterator[tuple[Purpose, date | None, bool, bool]]:
    """What a decision step asks of its party: until when or since when, whether it still waits, whether it was done."""
    here, decided = state is State.deciding, step.state is decision.State.decided
    sent = step.state is decision.State.papers_sent
    yield Purpose.papers, step.papers_due, here and not sent and not decided, sent or decided
    yield Purpose.outcome, step.meeting_on, here and not decided, decided
    if step.kind is Kind.delegated and step.outcome is Outcome.approved:
        yield Purpose.report_back, step.decided_on, not step.paragraph, bool(step.paragraph)


def is_confirmed(assignment: ContactAssignment, asked: date) -> bool:
    """Whether a contact has said, or was named, after the turn of the year when the new boards took office."""
    since = max((day for day in (assignment.confirmed_on, assignment.valid_from) if day), default=None)
    return since is not None and since >= asked.replace(month=1, day=1)


def without_contact(facts: Facts) -> list[Party]:
    """The parties of agreements under way, other than their region, that nobody speaks for today; each organisation once."""
    found = {
        party.organisation.id: party
        for standing in facts.standings.values()
        if standing.agreement.state in PROPOSED and standing.agreement.pause is None
        for party in _reminded(standing)
        if not facts.speakers(standing, party)
    }
    return list(found.values())


def _answers(facts: Facts) -> Iterator[Owed]:
    for standing in facts.standings.values():
        waiting = standing.waiting_on()
        for party in _reminded(standing):
            for contact in _addressees(facts, standing, party):
                yield _answer(facts, standing, party, contact, party.id in waiting)


def _reminded(standing: Standing) -> tuple[Party, ...]:
    """Everybody but the region that offers the agreement: its strategists see their turn among their tasks."""
    return standing.others(standing.region)


def _addressees(facts: Facts, standing: Standing, party: Party) -> list[Contact | None]:
    """One who speaks for the party, and those whose assignment ended after they had been asked; None if there is neither."""
    return [*facts.speakers(standing, party)[:1], *facts.ended(standing, party, facts.asked_on(standing, party))] or [None]


def _answer(facts: Facts, standing: Standing, party: Party, contact: Contact | None, waiting: bool) -> Owed:
    agreement, rows = standing.agreement, facts.rows(Purpose.answer, party.id)
    since = party.row.answered_at
    mine = contact.assignment.id if contact else None
    sent = [r for r in rows if r.outcome == QUEUED and r.assignment_id == mine and (since is None or r.at > since)]
    obligation = replace(
        _base(facts, standing, contact, Purpose.answer, party.id, agreement.due_round),
        due=agreement.due,
        due_firm=agreement.due_firm,
        requested_on=max([facts.asked_on(standing, party), *(civil(r.at) for r in sent if r.round != agreement.due_round)]),
        waiting=waiting,
        answered=since is not None,
        unanswered=len(sent),
        sent_slots=_taken(rows, agreement.due_round, contact),
    )
    left = sum(party.id in standing.clause_waits_on(c) for c in standing.clauses)
    return Owed(obligation, facts.policy(agreement), standing, party, contact, party.id, left)


def _signatures(facts: Facts) -> Iterator[Owed]:
    for place in facts.slots:
        standing = facts.standings[place.agreement_id]
        contact = facts.assignments.get(place.assignment_id) if place.assignment_id else None
        rows = facts.rows(Purpose.signature, place.id)
        signed = place.state is slot.State.signed or place.id in facts.on_paper
        obligation = replace(
            _base(facts, standing, contact, Purpose.signature, place.id, 1),
            requested_on=civil(place.requested_at) if place.requested_at else None,
            waiting=not signed,
            answered=signed,
            unanswered=sum(r.outcome == QUEUED for r in rows),
            sent_slots=_taken(rows, 1, contact),
        )
        party = standing.party(place.party_id)
        yield Owed(obligation, facts.policy(standing.agreement), standing, party, contact, place.id, title=place.title)


def _decisions(facts: Facts) -> Iterator[Owed]:
    for step in facts.steps:
        standing = facts.standings[step.agreement_id]
        party = standing.party(step.party_id)
        if party.organisation.id == standing.agreement.region_id:
            continue
        contact = next(iter(facts.speakers(standing, party)), None)
        for purpose, due, waiting, done in asked_of(step, standing.agreement.state):
            rows = facts.rows(purpose, step.id)
            obligation = replace(
                _base(facts, standing, contact, purpose, step.id, step.round),
                due=due,
                requested_on=facts.decision_asked(standing),
                waiting=waiting,
                answered=done,
                closed=standing.agreement.state in CLOSED and (purpose, standing.agreement.state) != _OUTLIVES_SIGNING,
                unanswered=sum(r.outcome == QUEUED and r.round == step.round for r in rows),
                sent_slots=_taken(rows, step.round, contact),
            )
            yield Owed(obligation, facts.policy(standing.agreement), standing, party, contact, step.id, step=step)


_OUTLIVES_SIGNING = (Purpose.report_back, State.signed)
"""A delegated decision is reported to the board even when all have signed."""


def _confirmations(facts: Facts) -> Iterator[Owed]:
    """After an election every contact of an agreement that is older than the new boards, each once."""
    asked, seen = new_boards(facts.today), set[UUID]()
    for standing in facts.standings.values() if asked else ():
        proposed = standing.agreement.proposed_at
        if asked is None or proposed is None or civil(proposed) >= asked:
            continue
        for party in _reminded(standing):
            for contact in facts.speakers(standing, party):
                assignment = contact.assignment
                if assignment.id in seen:
                    continue
                seen.add(assignment.id)
                rows, confirmed = facts.rows(Purpose.confirm_contact, assignment.id), is_confirmed(assignment, asked)
                obligation = replace(
                    _base(facts, standing, contact, Purpose.confirm_contact, assignment.id, asked.year),
                    due=asked,
                    waiting=not confirmed,
                    answered=confirmed,
                    closed=False,
                    unanswered=sum(r.outcome == QUEUED and r.round == asked.year for r in rows),
                    sent_slots=_taken(rows, asked.year, contact),
                )
                yield Owed(obligation, facts.policy(standing.agreement), standing, party, contact, assignment.id)


def _base(facts: Facts, standing: Standing, contact: Contact | None, purpose: Purpose, subject: UUID, turn: int) -> Obligation:
    """What an obligation of either kind says of its agreement and of the person who would be reminded."""
    agreement = standing.agreement
    return Obligation(
        purpose=purpose,
        subject=str(subject),
        round=turn,
        assignment=str(contact.assignment.id) if contact else None,
        paused=agreement.pause is not None,
        declined=agreement.state is State.declined,
        closed=agreement.state in CLOSED,
        assignment_ended=contact is not None and not counts(contact.assignment, facts.today),
        bounced=contact is not None and contact.assignment.bounced,
        last_mailed_on=facts.mailed.get((agreement.id, contact.assignment.id)) if contact else None,
        quiet_periods=facts.quiet[agreement.programme_id],
    )


def _taken(rows: Iterable[Reminder], turn: int, contact: Contact | None) -> frozenset[int]:
    """The numbers of the ladder that this assignment has a row for in this round."""
    assignment = contact.assignment.id if contact else None
    return frozenset(r.number for r in rows if r.round == turn and r.assignment_id == assignment)
