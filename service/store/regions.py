"""Whose people hear of a mail: the region it concerns."""

from uuid import UUID

from sqlmodel import Session, col, select

from service.store.tables import (
    Agreement,
    AgreementParty,
    ContactAssignment,
    DialogueRound,
    Message,
    Organisation,
    RoundMessage,
)
from states.parties import OrganisationKind


def region_of(session: Session, message: Message) -> UUID | None:
    """The region of the message's agreement or round, else one that its recipient negotiates with."""
    if message.agreement_id is not None:
        return session.get_one(Agreement, message.agreement_id).region_id
    if (about := session.get(RoundMessage, message.id)) is not None:
        return session.get_one(DialogueRound, about.round_id).region_id
    if message.assignment_id is None:
        return None
    return region_with(session, session.get_one(ContactAssignment, message.assignment_id).organisation_id)


def region_with(session: Session, organisation: UUID) -> UUID | None:
    """A region that an organisation negotiates with, or itself."""
    if session.get_one(Organisation, organisation).kind is OrganisationKind.region:
        return organisation
    query = (
        select(Agreement.region_id)
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .where(col(AgreementParty.organisation_id) == organisation)
    )
    return session.exec(query).first()


def only_region(session: Session) -> UUID | None:
    """Where one region runs the service, what names nobody is for its people; where several do, for nobody."""
    found = session.exec(select(Organisation.id).where(col(Organisation.kind) == OrganisationKind.region).limit(2)).all()
    return found[0] if len(found) == 1 else None
