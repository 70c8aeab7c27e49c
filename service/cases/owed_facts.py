"""What the rows say of many agreements at once, in a fixed number of queries, by the keys that their obligations ask for."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, func, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.cases.dates import quiet_periods
from service.post.letters import LetterName
from service.store.contacts import Contact
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
from states.calendar import civil
from states.parties import CONTACT, STRATEGIST, Role
from states.policy import Policy, merged
from states.reminders import Purpose, new_boards


class Facts:
    """What the rows of one chunk say, by the keys that the obligations ask for."""

    def __init__(self, session: Session, now: datetime, agreement_ids: Sequence[UUID]) -> None:
        self.standings, self.today = (standings := load_many(session, agreement_ids)), civil(now)
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
        self.asked = _asked(session, ids)
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
        """When the party was last given something to answer, or said something itself: what was to remind before is over.

        A proposal, a new text of another party, an opened area, a new last day, a new contact, its own answer.
        """
        agreement = standing.agreement
        moments = [agreement.proposed_at, agreement.reopened_at, party.row.answered_at]
        moments += [self.written.get((agreement.id, other.id)) for other in standing.others(party)]
        moments += [self.asked.get((agreement.id, contact.assignment.id)) for contact in self.speakers(standing, party)[:1]]
        return max(civil(m) for m in moments if m is not None)

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


_ASKING = (LetterName.contact_changed, LetterName.resumed, LetterName.date_granted, LetterName.date_refused)
"""The letters that ask for an answer anew although nobody has written a new text."""


def _asked(session: Session, ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], datetime]:
    """When each assignment was last asked in each agreement by a letter of its own."""
    query = (
        columns(col(Message.agreement_id), col(Message.assignment_id), func.max(col(Message.written_at)))
        .where(col(Message.agreement_id).in_(ids), col(Message.purpose).in_([name.value for name in _ASKING]))
        .group_by(col(Message.agreement_id), col(Message.assignment_id))
    )
    return {(agreement, assignment): at for agreement, assignment, at in session.connection().execute(query)}


def _written(session: Session, ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], datetime]:
    """When each party last gave the others a text in each agreement."""
    query = (
        columns(col(Clause.agreement_id), col(ClauseVersion.party_id), func.max(col(ClauseVersion.at)))
        .join(ClauseVersion, col(ClauseVersion.clause_id) == col(Clause.id))
        .where(col(Clause.agreement_id).in_(ids))
        .group_by(col(Clause.agreement_id), col(ClauseVersion.party_id))
    )
    return {(agreement, party): at for agreement, party, at in session.connection().execute(query)}
