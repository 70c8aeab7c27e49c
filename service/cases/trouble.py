"""What is stuck, and one mail a day about it to those who look after the service; never an empty one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from service.post.letters import LetterName, render
from service.store import outbox
from service.store.contacts import contacts
from service.store.tables import Agreement, Message, Organisation, Task
from states.calendar import civil
from states.message import State
from states.parties import ADMINISTRATOR, STRATEGIST, OrganisationKind
from states.said import ngettext

WAITS = timedelta(hours=24)
"""How long a mail may wait before it is stuck; one that somebody holds is not."""


def write_digest(session: Session, now: datetime, house: Sequence[str], *, mail_configured: bool) -> int:
    """One mail for each strategist and administrator of a region where something is stuck; `house` is what concerns them all."""
    written = 0
    for region in session.exec(select(Organisation).where(Organisation.kind == OrganisationKind.region)).all():
        troubles = [*house, *(stuck_mail(session, now, region.id) if mail_configured else ())]
        written += _write(session, now, region, troubles) if troubles else 0
    return written


def stuck_mail(session: Session, now: datetime, region: UUID) -> list[str]:
    """In words: how many mails of the region could not be sent and nobody has seen to, and how many have waited for a day."""
    mine = select(func.count()).select_from(Message).join(Agreement, col(Agreement.id) == col(Message.agreement_id))
    mine = mine.where(col(Agreement.region_id) == region)
    unseen = (Task.organisation_id == region, Task.kind == "mail_failed", col(Task.done_at).is_(None))
    failed = session.exec(select(func.count()).select_from(Task).where(*unseen)).one()
    late = (Message.state == State.queued, col(Message.held).is_(False), col(Message.written_at) < now - WAITS)
    waiting = session.exec(mine.where(*late)).one()
    said = [
        (failed, ngettext("Ett mejl kunde inte skickas.", "{count} mejl kunde inte skickas.", failed)),
        (waiting, ngettext("Ett mejl har väntat mer än ett dygn.", "{count} mejl har väntat mer än ett dygn.", waiting)),
    ]
    return [str(words) for count, words in said if count]


def _write(session: Session, now: datetime, region: Organisation, troubles: Sequence[str]) -> int:
    listed = "\n".join(f"– {trouble}" for trouble in troubles)
    people = {c.person.id: c for c in contacts(session, region.id, None, civil(now), STRATEGIST | ADMINISTRATOR)}
    return sum(
        outbox.queue(
            session,
            now,
            key=f"problem_digest:{contact.person.id}:{civil(now)}",
            purpose=LetterName.problem_digest.value,
            subject=letter.subject,
            body=letter.body,
            recipient=contact.person.email,
            recipient_name=contact.person.name,
            assignment=contact.assignment,
            link_path="/installningar",
        )
        is not None
        for contact in people.values()
        for letter in (render(LetterName.problem_digest, {"namn": contact.person.name, "omraden": listed}),)
    )
