"""Who has not answered an invitation: what a round of dialogue waits for, as reminders are decided on."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.cases.dates import quiet_periods
from service.cases.owed import LOOKS_BACK, QUEUED, Owed
from service.cases.owed_facts import counts
from service.store.contacts import Contact
from service.store.dialogue import Invited, invited
from service.store.tables import (
    ConsultationAnswer,
    DialogueRound,
    Invitation,
    Meeting,
    Message,
    Organisation,
    Programme,
    Reminder,
    RoundMessage,
)
from states import message
from states.calendar import civil
from states.dialogue import Kind, State
from states.policy import Policy
from states.reminders import Obligation, Purpose


@dataclass(frozen=True, slots=True)
class OwedReply:
    """An answer to one invitation; without a meeting it is an organisation's answer to a consultation."""

    obligation: Obligation
    policy: Policy
    round: DialogueRound
    meeting: Meeting | None
    invited: Invited

    @property
    def subject(self) -> UUID:
        return self.invited.row.id

    @property
    def agreement_id(self) -> UUID | None:
        return None

    @property
    def contact(self) -> Contact | None:
        return Contact(self.invited.assignment, self.invited.person)

    @property
    def organisation(self) -> Organisation:
        """Who owes it."""
        return self.invited.organisation

    @property
    def region_id(self) -> UUID:
        return self.round.region_id

    @property
    def programme_id(self) -> UUID | None:
        return self.round.programme_id

    @property
    def since(self) -> datetime:
        """When they were asked: what is newest stands first in a list."""
        return self.invited.row.asked_at


Matter = Owed | OwedReply
"""Whatever somebody can be reminded of."""


def replies(session: Session, now: datetime, region: UUID | None = None) -> list[OwedReply]:
    """Every invitation to a round that asks for answers, or did until lately; a handful of queries for each round."""
    facts = _Facts(session, civil(now), _asking(session, civil(now), region))
    return [_reply(session, facts, row, one) for row in facts.rounds for one in invited(session, row.id)]


def still_asked(session: Session, row: Reminder) -> Obligation:
    """As much of an obligation as tells whether a reminder that is queued still holds."""
    invitation = session.get_one(Invitation, row.subject_id)
    asking = session.get_one(DialogueRound, invitation.round_id)
    answered = _answered(asking, invitation, _written(session, [asking]))
    return Obligation(
        purpose=Purpose.rsvp,
        subject=str(row.subject_id),
        round=row.round,
        assignment=str(row.assignment_id),
        waiting=not answered and asking.rsvp_round == row.round,
        answered=answered,
        closed=asking.state is not State.invited,
    )


class _Facts:
    """What the rows say of these rounds, by the keys that the obligations ask for."""

    def __init__(self, session: Session, today: date, rounds: Sequence[DialogueRound]) -> None:
        self.today, self.rounds = today, rounds
        self.reminders = _reminders(session, rounds)
        self.mailed = _mailed(session, rounds)
        self.written = _written(session, rounds)


def _reply(session: Session, facts: _Facts, row: DialogueRound, one: Invited) -> OwedReply:
    programme = session.get(Programme, row.programme_id) if row.programme_id else None
    meeting = session.get(Meeting, one.row.meeting_id) if one.row.meeting_id else None
    answered = _answered(row, one.row, facts.written)
    slots = [r for r in facts.reminders[one.row.id] if r.round == row.rsvp_round]
    obligation = Obligation(
        purpose=Purpose.rsvp,
        subject=str(one.row.id),
        round=row.rsvp_round,
        assignment=str(one.assignment.id),
        due=row.rsvp_due,
        requested_on=civil(one.row.asked_at),
        waiting=not answered,
        answered=answered,
        closed=row.state is not State.invited,
        assignment_ended=not counts(one.assignment, facts.today),
        bounced=one.assignment.bounced,
        last_mailed_on=facts.mailed.get((row.id, one.assignment.id)),
        sent_slots=frozenset(r.number for r in slots),
        unanswered=sum(r.outcome == QUEUED for r in slots),
        quiet_periods=quiet_periods(programme) if programme else (),
    )
    return OwedReply(obligation, Policy.from_dict(programme.policy if programme else {}), row, meeting, one)


def _asking(session: Session, today: date, region: UUID | None) -> Sequence[DialogueRound]:
    asked = (State.invited, State.rsvp_closed, State.cancelled)
    query = select(DialogueRound).where(col(DialogueRound.state).in_(asked), col(DialogueRound.rsvp_due) >= today - LOOKS_BACK)
    if region is not None:
        query = query.where(col(DialogueRound.region_id) == region)
    return session.exec(query.order_by(col(DialogueRound.id))).all()


def _answered(row: DialogueRound, invitation: Invitation, written: set[tuple[UUID, UUID]]) -> bool:
    if row.kind is not Kind.consultation:
        return invitation.reply is not None
    return (row.id, invitation.organisation_id) in written


def _written(session: Session, rounds: Iterable[DialogueRound]) -> set[tuple[UUID, UUID]]:
    """The consultations that each organisation has answered."""
    query = columns(col(ConsultationAnswer.round_id), col(ConsultationAnswer.organisation_id)).where(
        col(ConsultationAnswer.round_id).in_([row.id for row in rounds])
    )
    return set(session.execute(query).tuples())


def _reminders(session: Session, rounds: Iterable[DialogueRound]) -> dict[UUID, list[Reminder]]:
    """Every slot that has its row, by invitation."""
    asked = select(Invitation.id).where(col(Invitation.round_id).in_([row.id for row in rounds]))
    query = select(Reminder).where(col(Reminder.purpose) == Purpose.rsvp.value, col(Reminder.subject_id).in_(asked))
    found: dict[UUID, list[Reminder]] = defaultdict(list)
    for row in session.exec(query):
        found[row.subject_id].append(row)
    return found


def _mailed(session: Session, rounds: Iterable[DialogueRound]) -> dict[tuple[UUID, UUID], date]:
    """When each assignment was last written to about each round."""
    query = (
        columns(col(RoundMessage.round_id), col(Message.assignment_id), func.max(col(Message.written_at)))
        .join(Message, col(Message.id) == col(RoundMessage.message_id))
        .where(
            col(RoundMessage.round_id).in_([row.id for row in rounds]),
            col(Message.assignment_id).is_not(None),
            col(Message.state) != message.State.suppressed,
        )
        .group_by(col(RoundMessage.round_id), col(Message.assignment_id))
    )
    return {(about, assignment): civil(at) for about, assignment, at in session.connection().execute(query)}
