"""Whether the object of an address is there for the one who asks, judged before anything they sent is read."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlmodel import Session, col, select

from service.store.standing import relation, scope
from service.store.tables import Agreement, Clause, DateRequest, DecisionStep, Response, Signature, SignatureSlot
from service.web import Visit
from states.access import Operation, require
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


def known(request: Request, visit: Visit) -> None:
    """Raise NotFound for what is not theirs to know, made up or not; then NotYours for what their relation does not allow."""
    operation: Operation = request.scope["endpoint"].operation
    asked = {name: value for name, value in request.path_params.items() if name in OF_AGREEMENT}
    if not asked or operation is Operation.public:
        return
    with visit.read() as session:
        for name, value in asked.items():
            agreement = _agreement(session, visit.actor, name, value)
            require(operation, visit.actor.role, relation(visit.actor, agreement))


def _agreement(session: Session, actor: Actor, name: str, value: str) -> Agreement:
    try:
        wanted = UUID(value)
    except ValueError:
        raise NotFound from None
    found = OF_AGREEMENT[name].subquery()
    query = select(Agreement).join(found, found.c[1] == col(Agreement.id)).where(found.c[0] == wanted, scope(actor))
    agreement = session.exec(query).first()
    if agreement is None:
        raise NotFound
    return agreement
