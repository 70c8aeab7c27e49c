"""What a date brings about by itself: agreements whose period is over expire, and after an election mandates are checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.owed import is_confirmed
from service.cases.steps import step
from service.store import outbox
from service.store.contacts import in_force
from service.store.standing import load_many
from service.store.tables import Agreement, AgreementParty, ContactAssignment, Organisation
from states.agreement import PROPOSED, Event, State
from states.calendar import at, civil, next_workday
from states.parties import CONTACT, FLOW, SIGNATORY
from states.reminders import new_boards
from states.said import _

MANDATE = "mandate"
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Followed:
    """What one chunk came to; another one is needed while any agreement has expired."""

    expired: int = 0
    mandates: int = 0


def follow_up(session: Session, now: datetime) -> Followed:
    """Do all that the days until today have brought; twice is once."""
    outbox.take_turn(session, "follow-ups")
    return Followed(_expire(session, now), sum(_ask(session, now, *found) for found in _mandates(session, civil(now))))


def _expire(session: Session, now: datetime) -> int:
    """Signed agreements whose last day has passed are no longer in force."""
    query = select(Agreement.id).where(Agreement.state == State.signed, col(Agreement.period_to) < civil(now))
    ids = session.exec(query.order_by(col(Agreement.id)).limit(CHUNK).with_for_update(skip_locked=True)).all()
    for standing in load_many(session, ids).values():
        standing.agreement.ended_as = State.expired
        step(session, FLOW, now, standing, Event.expire, last_day=str(standing.agreement.period_to))
    return len(ids)


def _mandates(session: Session, today: date) -> Iterator[tuple[date, UUID, Organisation]]:
    """After an election, from the first workday of February: each party of older agreements whose people nobody has confirmed."""
    asked = new_boards(today)
    if asked is None or today < next_workday(asked):
        return
    query = (
        select(Agreement.region_id, Organisation, ContactAssignment)
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .join(ContactAssignment, col(ContactAssignment.organisation_id) == col(Organisation.id))
        .where(
            col(Agreement.state).in_((*PROPOSED, State.signed)),
            col(Agreement.proposed_at) < at(asked, time()),
            col(Organisation.id) != col(Agreement.region_id),
            col(ContactAssignment.role).in_(CONTACT | SIGNATORY),
            in_force(today),
        )
    )
    rows = session.exec(query).all()
    found = {(region, o.id): o for region, o, assignment in rows if not is_confirmed(assignment, asked)}
    yield from ((asked, region, organisation) for (region, _organisation), organisation in found.items())


def _ask(session: Session, now: datetime, asked: date, region: UUID, organisation: Organisation) -> int:
    """One task a party and election, for the region's strategist."""
    made = outbox.task(
        session,
        now,
        key=f"{MANDATE}:{region}:{organisation.id}:{asked.year}",
        kind=MANDATE,
        organisation_id=region,
        title=_("Kontrollera vilka som svarar och skriver under för {party} efter valet", party=organisation.name),
    )
    return made.created_at == now
