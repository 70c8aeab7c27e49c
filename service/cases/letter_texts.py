"""The letters in a region's own words: reading, changing, trying on oneself, and going back to ours."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.post.letters import NOT_EDITED, SAMPLES, Letter, LetterName, edited, render, shown, templates
from service.store import history, outbox
from service.store.columns import new_id
from service.store.tables import ContactAssignment, LetterText, Person
from states.access import Operation, Relation, require
from states.errors import NotFound, Stale
from states.parties import Actor
from states.said import _

TRIAL = "letter_trial"
"""The purpose of a letter that somebody sends to themselves."""


def own_letters(session: Session, region: UUID) -> dict[LetterName, Letter]:
    """All that the region has worded itself; the others are as we wrote them."""
    rows = session.exec(select(LetterText).where(col(LetterText.region_id) == region))
    return {LetterName(row.name): Letter(row.subject, row.body) for row in rows}


def letter_for(session: Session, actor: Actor, name: str) -> tuple[LetterName, Letter, int]:
    """A letter that may be edited, as it stands for the person's region, and its version, 0 while it is ours."""
    chosen, row = _row(session, actor, name)
    return (chosen, Letter(row.subject, row.body), row.version) if row else (chosen, templates()[chosen], 0)


def change(session: Session, actor: Actor, now: datetime, name: str, subject: str, body: str, version: int) -> None:
    """Put a letter in the region's words; Invalid names every fault. Letters that wait in Utkorg stay as they were written."""
    chosen, row = _row(session, actor, name)
    letter = edited(chosen, subject, body)
    if (row.version if row else 0) != version:
        raise Stale
    row = row or LetterText(region_id=_region(actor), name=chosen.value, subject="", body="", changed_at=now, version=0)
    row.subject, row.body, row.changed_at, row.version = letter.subject, letter.body, now, row.version + 1
    session.add(row)
    history.append(session, actor, now, "change_letter", letter=chosen.value)


def restore(session: Session, actor: Actor, now: datetime, name: str) -> None:
    """Go back to our words; nothing when they stand."""
    chosen, row = _row(session, actor, name)
    if row is not None:
        session.delete(row)
        history.append(session, actor, now, "restore_letter", letter=chosen.value)


def tried(name: LetterName, subject: str, body: str) -> Letter:
    """What was typed with invented facts, links and codes in words; Invalid names every fault."""
    letter = render(name, SAMPLES, {name: edited(name, subject, body)})
    return Letter(letter.subject, shown(letter.body))


def send_to_me(session: Session, actor: Actor, now: datetime, real_now: datetime, name: str, subject: str, body: str) -> str:
    """Mail what was typed to the person alone, with invented facts; returns the address."""
    letter = tried(_row(session, actor, name)[0], subject, body)
    person = session.get_one(Person, actor.person)
    outbox.queue(
        session,
        now,
        key=f"{TRIAL}:{new_id()}",
        purpose=TRIAL,
        subject=_("Test: {subject}", subject=letter.subject),
        body=letter.body,
        recipient=person.email,
        recipient_name=person.name,
        assignment=session.get_one(ContactAssignment, actor.assignment),
        real_now=real_now,
    )
    return person.email


def _row(session: Session, actor: Actor, name: str) -> tuple[LetterName, LetterText | None]:
    """The region's row of a letter that exists and may be edited, locked; else NotFound."""
    require(Operation.edit_letters, actor.role, Relation.region)
    if name not in set(LetterName) - NOT_EDITED:
        raise NotFound
    query = select(LetterText).where(col(LetterText.region_id) == _region(actor), col(LetterText.name) == name)
    return LetterName(name), session.exec(query.with_for_update()).first()


def _region(actor: Actor) -> UUID:
    if actor.organisation is None:
        raise NotFound
    return actor.organisation
