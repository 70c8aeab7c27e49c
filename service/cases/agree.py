"""Agreeing: when everything is settled the text freezes under its control code, or there is nothing left to agree on."""

from datetime import datetime

from sqlmodel import Session

from service.cases.case_number import ask_for_numbers
from service.cases.dates import lapse
from service.cases.frozen import freeze
from service.cases.mail import task, task_done, tell
from service.cases.steps import step
from service.post.letters import LetterName
from service.store.standing import Standing
from service.store.tables import FrozenText
from states import clause as rule
from states.agreement import Event
from states.facts import spoken
from states.parties import Actor

ALL_LEFT_OUT = "all_left_out"


def settle(session: Session, actor: Actor, now: datetime, standing: Standing) -> FrozenText:
    """Freeze the text: every open question is answered and at least one area is agreed."""
    frozen = freeze(session, now, standing)
    task_done(session, actor, now, standing, ALL_LEFT_OUT)
    lapse(session, actor, now, standing)
    standing.agreement.waiting_since = now
    step(session, actor, now, standing, Event.settle, revision=frozen.revision, control_code=frozen.control_code)
    for party in standing.parties:
        tell(session, now, standing, party, LetterName.agreed, {"kontrollkod": spoken(frozen.control_code)})
    ask_for_numbers(session, now, standing)
    return frozen


def if_settled(session: Session, actor: Actor, now: datetime, standing: Standing) -> None:
    """Taking something back can leave nothing open: what is left is agreed, or nothing is left."""
    if standing.settled:
        settle(session, actor, now, standing)
    else:
        if_all_left_out(session, actor, now, standing)


def if_all_left_out(session: Session, actor: Actor, now: datetime, standing: Standing) -> None:
    """Nothing is left to agree on: the strategist is asked to end the case or propose anew."""
    if not rule.all_left_out(standing.clauses, standing.party_ids):
        task_done(session, actor, now, standing, ALL_LEFT_OUT)
        return
    name = next(p.organisation.name for p in standing.parties if not p.is_region)
    task(
        session,
        now,
        standing,
        ALL_LEFT_OUT,
        f"{name} vill inte ha med något område",
        detail="Avsluta ärendet eller föreslå något nytt.",
    )
