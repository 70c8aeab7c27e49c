"""The mail server as a whole: one task while it takes nothing from us, whatever the number of mails that wait."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from service.store import outbox
from service.store.tables import Organisation, Task
from states.parties import OrganisationKind
from states.said import _

KIND = "mail_server"


def takes_nothing(session: Session, words: str, now: datetime) -> None:
    """Tell every region's people, once until it works again."""
    for region in session.exec(select(Organisation.id).where(col(Organisation.kind) == OrganisationKind.region)).all():
        if session.exec(select(Task.id).where(col(Task.organisation_id) == region, *_OPEN)).first() is None:
            outbox.task(
                session,
                now,
                key=f"{KIND}:{region}:{now.isoformat()}",
                kind=KIND,
                organisation_id=region,
                title=_("Mejlen kommer inte iväg"),
                detail=_("{reason} Mejlen väntar i Utkorg.", reason=words),
            )


def answers(session: Session, now: datetime) -> None:
    """It takes mail again: nobody needs to do anything."""
    session.exec(update(Task).where(*_OPEN).values(done_at=now, version=col(Task.version) + 1))


def trouble(session: Session, region: UUID | None) -> str:
    """Why no mail leaves at present, or nothing."""
    return session.exec(select(Task.detail).where(col(Task.organisation_id) == region, *_OPEN)).first() or ""


_OPEN = (col(Task.kind) == KIND, col(Task.done_at).is_(None))
