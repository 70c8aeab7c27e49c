"""What the pages of a negotiation show: every text with who wrote it, what was said of it, and an organisation's cases."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from service.store.contacts import Contact, in_force, not_over
from service.store.standing import Standing, load_many, scope
from service.store.tables import (
    Agreement,
    AgreementParty,
    Clause,
    ClauseVersion,
    ContactAssignment,
    Message,
    Person,
    Response,
    Stance,
)
from states.agreement import PROPOSED, State
from states.clause import Negotiated, StanceKind
from states.facts import FIELD_CODES
from states.message import State as MessageState
from states.parties import CONTACT, Actor, Role


@dataclass(frozen=True, slots=True)
class Text:
    """One sent text of a clause with who wrote it; `recorded_by` is another person who sent it for them, or empty.

    `entered_by` is the organisation whose person sent it; after a retraction that is another than the party which speaks.
    """

    id: UUID
    clause: UUID
    seq: int
    base_seq: int
    party: UUID
    title: str
    fields: dict[str, str]
    reason: str
    sha256: str
    at: datetime
    author: str
    recorded_by: str
    entered_by: UUID | None

    @property
    def wording(self) -> dict[str, str]:
        """The title under `t` and the five fields by code."""
        return {"t": self.title, **{code: self.fields.get(code, "") for code in FIELD_CODES}}


@dataclass(frozen=True, slots=True)
class Said:
    """What a party said of a text, when, and its reason."""

    version: UUID
    party: UUID
    kind: StanceKind
    note: str
    at: datetime


def texts(session: Session, agreement_id: UUID) -> dict[UUID, tuple[Text, ...]]:
    """Every sent text of an agreement by clause, oldest first, in one query."""
    author, recorder = aliased(Person), aliased(Person)
    by, entered = aliased(ContactAssignment), aliased(ContactAssignment)
    query = (
        columns(
            col(ClauseVersion.id),
            col(ClauseVersion.clause_id),
            col(ClauseVersion.seq),
            col(ClauseVersion.base_seq),
            col(ClauseVersion.party_id),
            col(ClauseVersion.title),
            col(ClauseVersion.fields),
            col(ClauseVersion.reason),
            col(ClauseVersion.sha256),
            col(ClauseVersion.at),
            col(author.name),
            col(recorder.name),
            col(entered.organisation_id),
        )
        .join(Clause, col(Clause.id) == col(ClauseVersion.clause_id))
        .outerjoin(by, col(by.id) == col(ClauseVersion.author_id))
        .outerjoin(author, col(author.id) == col(by.person_id))
        .outerjoin(entered, col(entered.id) == col(ClauseVersion.recorded_by_id))
        .outerjoin(recorder, col(recorder.id) == col(entered.person_id))
        .where(col(Clause.agreement_id) == agreement_id)
        .order_by(col(ClauseVersion.seq))
    )
    found: dict[UUID, list[Text]] = defaultdict(list)
    for id_, clause, seq, base, party, title, fields, why, sha, at, written, recorded, side in session.connection().execute(
        query
    ):
        other = recorded if recorded and recorded != written else ""
        found[clause].append(Text(id_, clause, seq, base, party, title, fields, why, sha, at, written or "", other, side))
    return {clause: tuple(rows) for clause, rows in found.items()}


def sayings(session: Session, agreement_id: UUID) -> dict[UUID, tuple[Said, ...]]:
    """Every stance of an agreement by clause, oldest first, with notes."""
    query = (
        columns(
            col(ClauseVersion.clause_id),
            col(Stance.version_id),
            col(Stance.party_id),
            col(Stance.kind),
            col(Stance.note),
            col(Stance.at),
        )
        .join(ClauseVersion, col(ClauseVersion.id) == col(Stance.version_id))
        .join(Clause, col(Clause.id) == col(ClauseVersion.clause_id))
        .where(col(Clause.agreement_id) == agreement_id)
        .order_by(col(ClauseVersion.seq), col(Stance.seq))
    )
    found: dict[UUID, list[Said]] = defaultdict(list)
    for clause, *rest in session.connection().execute(query):
        found[clause].append(Said(*rest))
    return {clause: tuple(rows) for clause, rows in found.items()}


def last_answered(clause: Negotiated, history: Sequence[Text], party: UUID) -> Text | None:
    """The text the party last wrote or answered before the head: what its differences are counted from; None if it never did."""
    answered = {s.version for s in clause.stances if s.party == party and s.kind is not StanceKind.withdraw}
    known = (text for text, ids in reversed(_lasting(history)[:-1]) if text.party == party or ids & answered)
    return next(known, None)


def written_from(history: Sequence[Text]) -> Text | None:
    """The text the head was written from; None when it is the first that lasted."""
    lasting = _lasting(history)
    return lasting[-2][0] if len(lasting) > 1 else None


def _lasting(history: Sequence[Text]) -> list[tuple[Text, set[UUID]]]:
    """The texts without those that were taken back: 1, 2 and then 1 anew reads as 1; each with the ids it has had."""
    lasting: list[tuple[Text, set[UUID]]] = []
    for text in history:
        same = {text.id}
        if len(lasting) > 1 and (lasting[-2][0].sha256, lasting[-2][0].party) == (text.sha256, text.party):
            lasting.pop()
            same |= lasting.pop()[1]
        lasting.append((text, same))
    return lasting


def undoable(session: Session, party: UUID, real_now: datetime) -> Response | None:
    """The party's sent response whose mail to the others still waits, so that it can be taken back unseen."""
    query = (
        select(Response)
        .join(Message, col(Message.response_id) == col(Response.id))
        .where(
            col(Response.party_id) == party,
            col(Response.sent_at).is_not(None),
            col(Response.recalled_at).is_(None),
            col(Message.state) == MessageState.queued,
            col(Message.next_try_at) > real_now,
        )
        .order_by(col(Response.sent_at).desc())
        .limit(1)
    )
    return session.exec(query).first()


def name_of(session: Session, assignment: UUID | None) -> str:
    """The name of the person behind an assignment; empty when there is none."""
    query = (
        select(Person.name)
        .join(ContactAssignment, col(ContactAssignment.person_id) == col(Person.id))
        .where(col(ContactAssignment.id) == assignment)
    )
    return session.exec(query).first() or ""


def cases_of(session: Session, actor: Actor) -> list[Standing]:
    """Every agreement of the person's organisation that they may know of, what is under way first, then the newest."""
    own = aliased(AgreementParty)
    query = (
        select(Agreement.id)
        .join(own, col(own.agreement_id) == col(Agreement.id))
        .where(scope(actor), col(own.organisation_id) == actor.organisation, col(Agreement.state) != State.draft)
        .order_by(col(Agreement.created_at).desc())
    )
    found = load_many(session, session.exec(query).all())
    return sorted(found.values(), key=lambda s: s.agreement.state not in PROPOSED)


def colleagues(session: Session, actor: Actor, today: date, *, coming: bool = False) -> list[Contact]:
    """Everybody who speaks for the person's organisation today, or will, contacts first, then by name."""
    query = (
        select(ContactAssignment, Person)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .where(col(ContactAssignment.organisation_id) == actor.organisation, not_over(today) if coming else in_force(today))
    )
    if actor.programme is not None:
        mine = or_(col(ContactAssignment.programme_id).is_(None), col(ContactAssignment.programme_id) == actor.programme)
        query = query.where(mine)
    found = [Contact(a, p) for a, p in session.exec(query)]
    order = {Role.main: 0, Role.deputy: 1}
    return sorted(found, key=lambda c: (order.get(c.assignment.role, 2), c.person.name.casefold()))


def has_other_contact(found: Sequence[Contact], assignment: UUID) -> bool:
    """Whether the organisation still has a contact with the right to answer when this assignment ends."""
    return any(c.assignment.role in CONTACT and c.assignment.id != assignment for c in found)
