"""What every use case of a round does the same way: one legal step or one noted change, with its version and its history row."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from service.store import history
from service.store.tables import DialogueRound
from states import dialogue as rule
from states.errors import NotAllowed, NotYours
from states.parties import Actor, Role


def step(session: Session, actor: Actor, now: datetime, row: DialogueRound, event: rule.Event, **payload: Any) -> None:
    """Advance the round and write the event; NotAllowed from the rulebook, NotYours for a role the table does not name."""
    source = row.state
    move = rule.RULEBOOK.find(event, source)
    if move.by and actor.role not in move.by and actor.role is not Role.flow:
        raise NotYours
    rule.advance(row, event)
    note(session, actor, now, row, f"dialogue_{event.value}", source=source.value, state=row.state.value, **payload)


def note(session: Session, actor: Actor, now: datetime, row: DialogueRound, kind: str, **payload: Any) -> None:
    """A change that does not move the round: a new version of it and its history row."""
    row.version += 1
    session.add(row)
    session.flush()
    history.append(session, actor, now, kind, version=row.version, round=str(row.id), title=row.title, **payload)


def within(row: DialogueRound, what: str, *states: rule.State) -> None:
    """Raise NotAllowed unless the round is in one of these states."""
    if row.state not in states:
        raise NotAllowed(what, row.state)
