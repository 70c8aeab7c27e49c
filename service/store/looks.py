"""When the reminders have to look at an agreement again: most mornings nearly all of them can be left alone."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, or_, update
from sqlmodel import Session, col, select

from service.store.tables import Agreement, AgreementParty, ContactAssignment


def due(today: date) -> ColumnElement[bool]:
    """Agreements whose day has come or that changed since; all that were looked at on a later day, when the clock went back."""
    return or_(col(Agreement.look_on).is_(None), col(Agreement.look_on) <= today, col(Agreement.looked_on) > today)


def look_again(session: Session, *, organisation: UUID | None = None, programme: UUID | None = None) -> None:
    """The facts behind the reminders of a party's or a programme's agreements have changed."""
    theirs = select(AgreementParty.agreement_id).where(col(AgreementParty.organisation_id) == organisation)
    which = col(Agreement.programme_id) == programme if programme else col(Agreement.id).in_(theirs)
    session.exec(update(Agreement).where(which, col(Agreement.proposed_at).is_not(None)).values(look_on=None))


def looked(session: Session, today: date, looks: Mapping[UUID, date]) -> None:
    """Remember that these agreements were looked at today, and when to look next."""
    agreement = Agreement.__table__  # type: ignore[attr-defined]
    statement = (
        update(agreement).where(agreement.c.id == bindparam("agreement")).values(look_on=bindparam("look"), looked_on=today)
    )
    if looks:
        session.connection().execute(statement, [{"agreement": one, "look": look} for one, look in looks.items()])


def contact_days(session: Session, agreement_ids: Sequence[UUID], today: date) -> dict[UUID, list[date]]:
    """The later days on which an assignment of a party begins, or is over, by agreement."""
    first, last = col(ContactAssignment.valid_from), col(ContactAssignment.valid_to)
    query = (
        select(AgreementParty.agreement_id, first, last)
        .join(ContactAssignment, col(ContactAssignment.organisation_id) == col(AgreementParty.organisation_id))
        .where(col(AgreementParty.agreement_id).in_(agreement_ids), or_(first > today, last >= today))
    )
    found: dict[UUID, list[date]] = {}
    for agreement, begins, ends in session.exec(query):
        changes = (begins, ends + timedelta(days=1) if ends else None)
        found.setdefault(agreement, []).extend(day for day in changes if day and day > today)
    return found
