"""Whether the object of an address is there for the one who asks, judged before anything they sent is read."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlmodel import Session, col, select

from service.store.dialogues import seen
from service.store.standing import relation, scope
from service.store.tables import (
    ActionItem,
    Agreement,
    Clause,
    DateRequest,
    DecisionStep,
    DialogueRound,
    Finding,
    Invitation,
    Meeting,
    Response,
    Signature,
    SignatureSlot,
)
from service.web import Visit
from states.access import Operation, Relation, require
from states.errors import NotFound
from states.parties import Actor

OF_AGREEMENT: Mapping[str, Any] = {
    "agreement_id": select(Agreement.id, Agreement.id),
    "clause_id": select(Clause.id, Clause.agreement_id),
    "request_id": select(DateRequest.id, DateRequest.agreement_id),
    "response_id": select(Response.id, Response.agreement_id),
    "step_id": select(DecisionStep.id, DecisionStep.agreement_id),
    "slot_id": select(SignatureSlot.id, SignatureSlot.agreement_id),
    "signature_id": select(Signature.id, SignatureSlot.agreement_id).join(
        SignatureSlot, col(SignatureSlot.id) == col(Signature.slot_id)
    ),
}
"""The ids that lead to an agreement, by the name they have in an address; first theirs, then the agreement's."""


OF_ROUND: Mapping[str, Any] = {
    "round_id": select(DialogueRound.id, DialogueRound.id),
    "meeting_id": select(Meeting.id, Meeting.round_id),
    "invitation_id": select(Invitation.id, Invitation.round_id),
    "finding_id": select(Finding.id, Finding.round_id),
    "action_id": select(ActionItem.id, ActionItem.round_id),
}
"""The same for what leads to a round of dialogue."""


def known(request: Request, visit: Visit) -> None:
    """Raise NotFound for what is not theirs to know, made up or not; then NotYours for what their relation does not allow."""
    operation: Operation = request.scope["endpoint"].operation
    asked = {name: value for name, value in request.path_params.items() if name in OF_AGREEMENT or name in OF_ROUND}
    if not asked or operation is Operation.public:
        return
    with visit.read() as session:
        for name, value in asked.items():
            require(operation, visit.actor.role, _relation(session, visit.actor, name, value))


def _relation(session: Session, actor: Actor, name: str, value: str) -> Relation:
    if name in OF_AGREEMENT:
        return relation(actor, _agreement(session, actor, name, value))
    found = OF_ROUND[name].subquery()
    round_id = session.exec(select(found.c[1]).where(found.c[0] == _id(value))).first()
    if round_id is None:
        raise NotFound
    _row, of_region = seen(session, actor, round_id)
    return Relation.region if of_region else Relation.own


def _agreement(session: Session, actor: Actor, name: str, value: str) -> Agreement:
    wanted, found = _id(value), OF_AGREEMENT[name].subquery()
    query = select(Agreement).join(found, found.c[1] == col(Agreement.id)).where(found.c[0] == wanted, scope(actor))
    agreement = session.exec(query).first()
    if agreement is None:
        raise NotFound
    return agreement


def _id(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise NotFound from None
