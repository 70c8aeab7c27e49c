"""How much waits on a strategist: the number in the menu of every page, counted by the database without loading a negotiation."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, func, or_
from sqlalchemy import select as columns
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import Session, col

from service.store import desk
from service.store.standing import scope
from service.store.tables import (
    Agreement,
    AgreementParty,
    Clause,
    ClauseVersion,
    DateRequest,
    Signature,
    SignatureSlot,
    Stance,
    Task,
)
from states.agreement import State
from states.clause import StanceKind
from states.parties import Actor

BESIDE = "date_proposed"
"""A task of this kind goes with a date request, which is counted by itself."""


def count(session: Session, actor: Actor, now: datetime) -> int:
    """As many as Att göra has lines, in one query."""
    parts = (_tasks(actor, now), _requests(actor), _to_review(actor), _scans(actor), _still(actor, now))
    return sum(int(number) for number in session.execute(columns(*parts)).one())


def _tasks(actor: Actor, now: datetime) -> ScalarSelect[int]:
    query = columns(func.count()).select_from(Task)
    return query.where(desk.open_task(actor, now), col(Task.kind) != BESIDE).scalar_subquery()


def _requests(actor: Actor) -> ScalarSelect[int]:
    query = columns(func.count()).select_from(DateRequest).join(Agreement, col(Agreement.id) == col(DateRequest.agreement_id))
    return query.where(desk.date_asked(actor)).scalar_subquery()


def _scans(actor: Actor) -> ScalarSelect[int]:
    query = (
        columns(func.count())
        .select_from(Signature)
        .join(SignatureSlot, col(SignatureSlot.id) == col(Signature.slot_id))
        .join(Agreement, col(Agreement.id) == col(SignatureSlot.agreement_id))
    )
    return query.where(desk.to_verify(actor)).scalar_subquery()


def _still(actor: Actor, now: datetime) -> ScalarSelect[int]:
    query = columns(func.count()).select_from(SignatureSlot)
    query = query.join(Agreement, col(Agreement.id) == col(SignatureSlot.agreement_id))
    return query.where(desk.stands_still(actor, now)).scalar_subquery()


def _to_review(actor: Actor) -> ScalarSelect[int]:
    """The agreements with a clause whose head waits on the region: rules 3 and 4 of the core rule, said in SQL."""
    head = aliased(ClauseVersion)
    region = aliased(AgreementParty)
    newer = aliased(ClauseVersion)
    is_head = ~exists().where(col(newer.clause_id) == col(head.clause_id), col(newer.seq) > col(head.seq))
    query = (
        columns(func.count(col(Agreement.id).distinct()))
        .select_from(Agreement)
        .join(region, col(region.agreement_id) == col(Agreement.id))
        .join(Clause, col(Clause.agreement_id) == col(Agreement.id))
        .join(head, col(head.clause_id) == col(Clause.id))
        .where(
            scope(actor),
            col(Agreement.region_id) == actor.organisation,
            col(region.organisation_id) == actor.organisation,
            col(Agreement.state) == State.negotiating,
            col(Clause.area_withdrawn).is_(False),
            is_head,
            ~_says(col(head.id), StanceKind.exclude),
            or_(
                _says(col(head.id), StanceKind.withdraw, col(region.id)),
                and_(col(head.party_id) != col(region.id), ~_has_said(col(head.id), col(region.id))),
            ),
        )
    )
    return query.scalar_subquery()


def _says(version: Mapped[UUID], kind: StanceKind, party: Mapped[UUID] | None = None) -> ColumnElement[bool]:
    """Whether the latest that a party (or any party) has said of the version is of this kind."""
    said, later = aliased(Stance), aliased(Stance)
    last = ~exists().where(
        col(later.version_id) == col(said.version_id), col(later.party_id) == col(said.party_id), col(later.seq) > col(said.seq)
    )
    found = exists().where(col(said.version_id) == version, col(said.kind) == kind, last)
    return found if party is None else found.where(col(said.party_id) == party)


def _has_said(version: Mapped[UUID], party: Mapped[UUID]) -> ColumnElement[bool]:
    said = aliased(Stance)
    return exists().where(col(said.version_id) == version, col(said.party_id) == party)
