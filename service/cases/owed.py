"""Who owes what: the facts that reminders are decided on, read for many agreements in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.cases.dates import quiet_periods
from service.post.letters import LetterName
from service.store.contacts import Contact
from service.store.mailbox import QUEUED as QUEUED
from service.store.standing import Party, Standing, load_many
from service.store.tables import (
    Agreement,
    Clause,
    ClauseVersion,
    ContactAssignment,
    DecisionStep,
    Message,
    Person,
    Programme,
    Reminder,
    Signature,
    SignatureSlot,
)
from states import decision, message, slot
from states.agreement import CLOSED, PROPOSED, State
from states.calendar import at, civil
from states.decision import Kind, Outcome
from states.parties import CONTACT, STRATEGIST, Role
from states.policy import Policy, merged
from states.reminders import Obligation, Purpose, new_boards

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


def _reasons(today: date) -> Iterator[ColumnElement[bool]]:
    """Why an agreement is looked at: it is under way, it was until lately, a decision is not reported, boards are new."""
    yield col(Agreement.state).in_((State.negotiating, State.deciding, State.signing))
    yield and_(col(Agreement.state).in_(PROPOSED + CLOSED), col(Agreement.due) >= today - LOOKS_BACK)
    delegated = (DecisionStep.kind == Kind.delegated, DecisionStep.outcome == Outcome.approved, DecisionStep.paragraph == "")
    yield col(Agreement.id).in_(select(DecisionStep.agreement_id).where(*delegated))
    if asked := new_boards(today):
        before = col(Agreement.proposed_at) < at(asked, time())
        yield and_(col(Agreement.state).in_((*PROPOSED, State.signed)), before)


def owed(session: Session, now: datetime, agreement_ids: Sequence[UUID]) -> list[Owed]:
    """Everything these agreements wait for, or no longer do: answers, papers, outcomes, signatures, reports, confirmations."""
    standings = load_many(session, agreement_ids)
    facts = _Facts(session, now, standings)
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


def without_contact(session: Session, now: datetime, agreement_ids: Sequence[UUID]) -> list[Party]:
    """The parties of agreements under way, other than their region, that nobody speaks for today; each organisation once."""
    standings = load_many(session, agreement_ids)
    facts = _Facts(session, now, standings)
    found = {
        party.organisation.id: party
        for standing in standings.values()
        if standing.agreement.state in PROPOSED and standing.agreement.pause is None
        for party in _reminded(standing)
        if not facts.speakers(standing, party)
    }
    return list(found.values())


class _Facts:
    """What the rows of one chunk say, by the keys that the obligations ask for."""

    def __init__(self, session: Session, now: datetime, standings: dict[UUID, Standing]) -> None:
        self.standings, self.today = standings, civil(now)
        ids = list(standings)
        programmes = _programmes(session, standings.values())
        policies = {p.id: p.policy for p in programmes}
        self.policies = {
            s.agreement.id: merged(policies[s.agreement.programme_id], s.agreement.policy) for s in standings.values()
        }
        self.quiet = {p.id: quiet_periods(p) for p in programmes}
        self.slots = _slots(session, ids)
        self.assignments = _assignments(session, standings.values(), self.slots)
        self._by_organisation = _by_organisation(self.assignments.values())
        self.steps = _steps(session, ids)
        subjects = [p.id for s in standings.values() for p in s.parties]
        subjects += [s.id for s in self.slots] + [s.id for s in self.steps]
        subjects += list(self.assignments) if new_boards(self.today) else []
        self.reminders = _reminders(session, subjects)
        self.mailed = _mailed(session, ids)
        self.written = _written(session, ids)
        self.requested = _requested(session, ids)
        self.on_paper = _on_paper(session, self.slots)

    def speakers(self, standing: Standing, party: Party) -> list[Contact]:
        """Who speaks for the party today, the one to remind first."""
        return [c for c in self._roles(standing, party) if counts(c.assignment, self.today)]

    def ended(self, standing: Standing, party: Party, since: date) -> list[Contact]:
        """Who was written to about this and does not speak for the party any more."""
        return [
            c
            for c in self._roles(standing, party)
            if not counts(c.assignment, self.today)
            and (day := self.mailed.get((standing.agreement.id, c.assignment.id)))
            and day >= since
        ]

    def asked_on(self, standing: Standing, party: Party) -> date:
        """When the party was last given something to answer: a proposal, a new text of another party, an opened area."""
        agreement = standing.agreement
        moments = [self.written.get((agreement.id, other.id)) for other in standing.others(party)]
        return max(civil(m) for m in [agreement.proposed_at, agreement.reopened_at, *moments] if m is not None)

    def decision_asked(self, standing: Standing) -> date | None:
        """When the decision was last asked for."""
        asked = self.requested.get(standing.agreement.id)
        return civil(asked) if asked else None

    def rows(self, purpose: Purpose, subject: UUID) -> list[Reminder]:
        """The slots of one ladder that have their row."""
        return [r for r in self.reminders.get(subject, ()) if r.purpose == purpose]

    def policy(self, agreement: Agreement) -> Policy:
        return self.policies[agreement.id]

    def _roles(self, standing: Standing, party: Party) -> list[Contact]:
        """Assignments of the kind that is reminded: a bounced address after a good one, a deputy after the main contact."""
        wanted = STRATEGIST if party.organisation.case_prefix else CONTACT
        found = [
            c
            for c in self._by_organisation.get(party.organisation.id, ())
            if c.assignment.role in wanted and c.assignment.programme_id in (None, standing.agreement.programme_id)
        ]
        return sorted(found, key=lambda c: (c.assignment.role is Role.deputy, c.assignment.bounced, c.assignment.id))


def counts(assignment: ContactAssignment, day: date) -> bool:
    """Whether an assignment is in force on a day."""
    begun = assignment.valid_from is None or assignment.valid_from <= day
    return begun and (assignment.valid_to is None or assignment.valid_to >= day) and not assignment.blocked


def _answers(facts: _Facts) -> Iterator[Owed]:
    for standing in facts.standings.values():
        waiting = standing.waiting_on()
        for party in _reminded(standing):
            for contact in _addressees(facts, standing, party):
                yield _answer(facts, standing, party, contact, party.id in waiting)


def _reminded(standing: Standing) -> tuple[Party, ...]:
    """Everybody but the region that offers the agreement: its strategists see their turn among their tasks."""
    return standing.others(standing.region)


def _addressees(facts: _Facts, standing: Standing, party: Party) -> list[Contact | None]:
    """One who speaks for the party, and those whose assignment ended after they had been asked; None if there is neither."""
    return [*facts.speakers(standing, party)[:1], *facts.ended(standing, party, facts.asked_on(standing, party))] or [None]


def _answer(facts: _Facts, standing: Standing, party: Party, contact: Contact | None, waiting: bool) -> Owed:
    agreement, rows = standing.agreement, facts.rows(Purpose.answer, party.id)
    since = party.row.answered_at
    sent = [r for r in rows if r.outcome == QUEUED and (since is None or r.at > since)]
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


def _signatures(facts: _Facts) -> Iterator[Owed]:
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


def _decisions(facts: _Facts) -> Iterator[Owed]:
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


def _confirmations(facts: _Facts) -> Iterator[Owed]:
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


def _base(facts: _Facts, standing: Standing, contact: Contact | None, purpose: Purpose, subject: UUID, turn: int) -> Obligation:
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


def _programmes(session: Session, standings: Iterable[Standing]) -> list[Programme]:
    ids = {s.agreement.programme_id for s in standings}
    return list(session.exec(select(Programme).where(col(Programme.id).in_(ids))).all())


def _slots(session: Session, ids: Sequence[UUID]) -> list[SignatureSlot]:
    """The places that are asked for or signed, under a text that is in force."""
    asked = (slot.State.requested, slot.State.signed)
    query = select(SignatureSlot).where(col(SignatureSlot.agreement_id).in_(ids), col(SignatureSlot.state).in_(asked))
    return list(session.exec(query.order_by(col(SignatureSlot.id))).all())


def _steps(session: Session, ids: Sequence[UUID]) -> list[DecisionStep]:
    """The steps whose decision has been asked for."""
    query = select(DecisionStep).where(
        col(DecisionStep.agreement_id).in_(ids),
        col(DecisionStep.frozen_id).is_not(None),
        col(DecisionStep.state) != decision.State.cancelled,
    )
    return list(session.exec(query.order_by(col(DecisionStep.id))).all())


def _requested(session: Session, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When the boards of each agreement were last asked to decide."""
    query = (
        columns(col(Message.agreement_id), func.max(col(Message.written_at)))
        .where(col(Message.agreement_id).in_(ids), col(Message.purpose) == LetterName.decision_requested.value)
        .group_by(col(Message.agreement_id))
    )
    return {agreement: moment for agreement, moment in session.connection().execute(query)}  # noqa: C416 (rows are no pairs to mypy)


def _on_paper(session: Session, slots: Sequence[SignatureSlot]) -> set[UUID]:
    """The places with a scan that waits to be checked: their person has done what they should."""
    query = select(Signature.slot_id).where(
        col(Signature.slot_id).in_([s.id for s in slots]),
        col(Signature.verified_at).is_(None),
        col(Signature.rejected_reason) == "",
    )
    return set(session.exec(query).all())


def _assignments(session: Session, standings: Iterable[Standing], slots: Iterable[SignatureSlot]) -> dict[UUID, Contact]:
    """Contacts of the parties and people with a place to sign, in force or not."""
    organisations = {p.organisation.id for s in standings for p in s.parties}
    named = {s.assignment_id for s in slots if s.assignment_id}
    query = (
        select(ContactAssignment, Person)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .where(
            or_(
                and_(
                    col(ContactAssignment.organisation_id).in_(organisations),
                    col(ContactAssignment.role).in_(CONTACT | STRATEGIST),
                ),
                col(ContactAssignment.id).in_(named),
            )
        )
    )
    return {a.id: Contact(a, p) for a, p in session.exec(query)}


def _by_organisation(found: Iterable[Contact]) -> dict[UUID, list[Contact]]:
    grouped: dict[UUID, list[Contact]] = defaultdict(list)
    for contact in found:
        grouped[contact.assignment.organisation_id].append(contact)
    return grouped


def _reminders(session: Session, subjects: Iterable[UUID]) -> dict[UUID, list[Reminder]]:
    """Every slot of the ladders that has its row, by subject."""
    found: dict[UUID, list[Reminder]] = defaultdict(list)
    for row in session.exec(select(Reminder).where(col(Reminder.subject_id).in_(list(subjects)))):
        found[row.subject_id].append(row)
    return found


def _mailed(session: Session, ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], date]:
    """When each assignment was last written to about each agreement."""
    query = (
        columns(col(Message.agreement_id), col(Message.assignment_id), func.max(col(Message.written_at)))
        .where(
            col(Message.agreement_id).in_(ids),
            col(Message.assignment_id).is_not(None),
            col(Message.state) != message.State.suppressed,
        )
        .group_by(col(Message.agreement_id), col(Message.assignment_id))
    )
    return {(agreement, assignment): civil(at) for agreement, assignment, at in session.connection().execute(query)}


def _written(session: Session, ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], datetime]:
    """When each party last gave the others a text in each agreement."""
    query = (
        columns(col(Clause.agreement_id), col(ClauseVersion.party_id), func.max(col(ClauseVersion.at)))
        .join(ClauseVersion, col(ClauseVersion.clause_id) == col(Clause.id))
        .where(col(Clause.agreement_id).in_(ids))
        .group_by(col(Clause.agreement_id), col(ClauseVersion.party_id))
    )
    return {(agreement, party): at for agreement, party, at in session.connection().execute(query)}
