"""What every use case does the same way: take one legal step, with its version and its one history row."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from service.store import history
from service.store.standing import Standing
from states import agreement
from states.errors import NotYours
from states.parties import Actor, Role


def step(session: Session, actor: Actor, now: datetime, standing: Standing, event: agreement.Event, **payload: Any) -> None:
    """Advance the agreement and write the event; NotAllowed from the rulebook, NotYours for a role the table does not name."""
    row = standing.agreement
    source = row.state
    move = agreement.RULEBOOK.find(event, source)
    if move.by and actor.role not in move.by and actor.role is not Role.flow:
        raise NotYours
    agreement.advance(row, event)
    row.version, row.look_on = row.version + 1, None
    session.add(row)
    history.append(
        session,
        actor,
        now,
        event.value,
        agreement=row.id,
        version=row.version,
        source=source.value,
        state=row.state.value,
        **payload,
    )


def note(session: Session, actor: Actor, now: datetime, standing: Standing, kind: str, **payload: Any) -> None:
    """A change that does not move the agreement: a new version of it and its history row."""
    row = standing.agreement
    row.version, row.look_on = row.version + 1, None
    session.add(row)
    history.append(session, actor, now, kind, agreement=row.id, version=row.version, **payload)
