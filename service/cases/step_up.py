"""Stepping up: a mailed code before something that binds, confirmed for a few minutes and used up with it.

Every time here is real time; a try is returned and never raised, so that its count is committed.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select, update

from service.cases import throttle
from service.cases.codes import code_holds, newest_code, send_code, wrong_code
from service.post.letters import LetterName, render
from service.store.contacts import contacts
from service.store.tables import Agreement, AgreementParty, Code, ContactAssignment
from states.calendar import civil
from states.errors import NotFound
from states.parties import STRATEGIST, Actor

CONFIRMED_LIVES = timedelta(minutes=5)
_MOST_ASKED = 10


def ask_step_up(
    session: Session, actor: Actor, now: datetime, real_now: datetime, purpose: str, subject: UUID, browser: str
) -> None:
    """Mail a fresh code to the signed-in person before something that binds: purpose `sign` or `decline`, for one subject."""
    throttle.attempt(session, real_now, "step-up", str(actor.assignment), _MOST_ASKED)
    assignment = session.get(ContactAssignment, actor.assignment) if actor.assignment else None
    if assignment is None:
        raise NotFound
    what = {"sign": "skriva under", "decline": "tacka nej"}[purpose]
    letter = render(LetterName.step_up_code, {"vad": what, **_sender(session, assignment, civil(now))})
    send_code(session, now, real_now, assignment, purpose, subject, browser, LetterName.step_up_code, letter)


def try_step_up(
    session: Session,
    keys: tuple[bytes, ...],
    actor: Actor,
    real_now: datetime,
    purpose: str,
    subject: UUID,
    typed: str,
    browser: str,
) -> bool:
    """Compare a typed code and count the try; a right one is confirmed for five minutes, for what it was asked for only."""
    row = newest_code(session, purpose, subject, actor.assignment, browser, real_now)
    if row is None or not code_holds(session, keys, row, typed):
        return False
    row.confirmed_at = real_now
    session.add(row)
    return True


def use_step_up(session: Session, actor: Actor, real_now: datetime, purpose: str, subject: UUID) -> None:
    """Use up the confirmed code in the transaction of what it allows; Invalid when there is none."""
    fresh = (
        update(Code)
        .where(
            col(Code.assignment_id) == actor.assignment,
            col(Code.purpose) == purpose,
            col(Code.subject_id) == subject,
            col(Code.used_at).is_(None),
            col(Code.confirmed_at) > real_now - CONFIRMED_LIVES,
        )
        .values(used_at=real_now)
    )
    if session.connection().execute(fresh).rowcount < 1:
        raise wrong_code()


def _sender(session: Session, assignment: ContactAssignment, today: date) -> dict[str, str]:
    """Whom to call about a code nobody asked for: the strategist of a region this person's organisation deals with."""
    query = (
        select(Agreement.region_id)
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .where(col(AgreementParty.organisation_id) == assignment.organisation_id)
    )
    region = session.exec(query).first()
    found = contacts(session, region, assignment.programme_id, today, STRATEGIST) if region else []
    if not found:
        return {"avsandare": "regionen", "telefon": ""}
    return {"avsandare": found[0].person.name, "telefon": found[0].person.phone or found[0].person.email}
