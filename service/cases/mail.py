"""Who is told what: letters to the contacts of a party, queued in the transaction that makes them true."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from babel.dates import format_date
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, update

from service.cases.letter_texts import own_letters
from service.post.letters import LetterName, render
from service.store import outbox
from service.store.contacts import Contact, contacts, main_contacts
from service.store.standing import Party, Standing
from service.store.tables import Agreement, Document, Task
from states.calendar import civil
from states.parties import STRATEGIST, Actor

NO_CONTACT = "contact_missing"
"""Both a task and the pause of an agreement whose party has nobody to answer."""

MAIL_FAILED = "mail_failed"
_OUTLIVE = (MAIL_FAILED, "registry_missing")
"""Kinds of tasks that are worth doing although the agreement has ended."""


def tell(
    session: Session,
    now: datetime,
    standing: Standing,
    party: Party,
    name: LetterName,
    facts: Mapping[str, str] | None = None,
    *,
    once: str = "",
    link_path: str | None = None,
    **options: object,
) -> int:
    """Write to the party's contacts, or to its official address when it has none; `once` names the occasion."""
    agreement = standing.agreement
    occasion = once or f"v{agreement.version}"
    found = main_contacts(session, party.organisation, agreement.programme_id, civil(now))
    for contact in found:
        key = f"{name}:{agreement.id}:{occasion}:{contact.assignment.id}"
        write(
            session, now, standing, contact, name, _with_parties(standing, party, facts), key=key, link_path=link_path, **options
        )
    if not found:
        _no_contact(session, now, standing, party, occasion)
    return len(found)


def write(
    session: Session,
    now: datetime,
    standing: Standing,
    contact: Contact,
    name: LetterName,
    facts: Mapping[str, str],
    *,
    key: str,
    link_path: str | None = None,
    **options: object,
) -> None:
    """Queue one letter to one person; the personal link leads to the agreement unless another path is named."""
    known = {**_sender(session, now, standing, contact), "namn": contact.person.name, **facts}
    letter = render(name, known, own_letters(session, standing.agreement.region_id))
    outbox.queue(
        session,
        now,
        key=key,
        purpose=name.value,
        subject=letter.subject,
        body=letter.body,
        recipient=contact.person.email,
        recipient_name=contact.person.name,
        assignment=contact.assignment,
        agreement_id=standing.agreement.id,
        link_path=link_path or f"/overenskommelser/{standing.agreement.id}",
        **options,  # type: ignore[arg-type]
    )


def registry_letter(
    session: Session,
    now: datetime,
    standing: Standing,
    party: Party,
    name: LetterName,
    document: Document,
    facts: Mapping[str, str],
) -> None:
    """Send a file to a party's registrar, at its official address; the address stands for the office, so there is no link."""
    if not party.organisation.registry_email:
        title = f"{party.organisation.name} saknar officiell e-postadress"
        task(session, now, standing, "registry_missing", title, once=str(party.id))
        return
    known = {**_sender(session, now, standing), **_with_parties(standing, party, facts), "namn": party.organisation.name}
    letter = render(name, {**known, "dnr": party.row.case_number}, own_letters(session, standing.agreement.region_id))
    outbox.queue(
        session,
        now,
        key=f"{name}:{document.id}:{party.id}",
        purpose=name.value,
        subject=letter.subject,
        body=letter.body,
        recipient=party.organisation.registry_email,
        recipient_name=party.organisation.name,
        agreement_id=standing.agreement.id,
        document_id=document.id,
    )


def task(session: Session, now: datetime, standing: Standing, kind: str, title: str, *, once: str = "", detail: str = "") -> Task:
    """Something the region's strategist must do about the agreement; the same occasion makes one task."""
    agreement = standing.agreement
    return outbox.task(
        session,
        now,
        key=f"{kind}:{agreement.id}:{once or f'v{agreement.version}'}",
        kind=kind,
        organisation_id=agreement.region_id,
        agreement_id=agreement.id,
        title=title,
        detail=detail,
    )


def task_done(session: Session, actor: Actor, now: datetime, standing: Standing, *kinds: str, once: str = "") -> None:
    """What made tasks of these kinds necessary is gone: they are done, by the person who did away with it.

    `once` names the occasion the task was made for. Without kinds, all that ends with the agreement is done.
    """
    agreement = standing.agreement
    wanted = [col(Task.agreement_id) == agreement.id, col(Task.done_at).is_(None)]
    wanted.append(col(Task.kind).in_(kinds) if kinds else col(Task.kind).not_in(_OUTLIVE))
    if once:
        wanted.append(col(Task.key).in_([f"{kind}:{agreement.id}:{once}" for kind in kinds]))
    _close(session, actor, now, wanted)


def task_about_done(session: Session, actor: Actor, now: datetime, subject: UUID) -> None:
    """The party has answered, or the signature is there: nobody needs to call about it any more."""
    _close(session, actor, now, [col(Task.subject_id) == subject, col(Task.done_at).is_(None)])


def _close(session: Session, actor: Actor, now: datetime, wanted: Sequence[ColumnElement[bool]]) -> None:
    done = {"done_at": now, "done_by_id": actor.assignment, "version": Task.version + 1}
    session.exec(update(Task).where(*wanted).values(done))


def in_full(day: date | None) -> str:
    """A day as letters and tasks say it; nothing where there is none."""
    return format_date(day, "EEEE d MMMM y", "sv") if day else ""


def counterpart(standing: Standing, party: Party) -> str:
    """The names of the other parties, as one phrase."""
    names = [p.organisation.name for p in standing.others(party)]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} och {names[-1]}"


def period(agreement: Agreement) -> str:
    return f"{agreement.period_from.year}–{agreement.period_to.year}"


def _with_parties(standing: Standing, party: Party, facts: Mapping[str, str] | None) -> dict[str, str]:
    agreement = standing.agreement
    municipality = next((p for p in standing.parties if not p.is_region), party)
    return {
        "kommun": municipality.organisation.name,
        "region": standing.region.organisation.name,
        "part": party.organisation.name,
        "motpart": counterpart(standing, party),
        "period": period(agreement),
        "slutdatum": format_date(agreement.period_to, "d MMMM y", "sv"),
        "svarsdatum": in_full(agreement.due),
        "antal": str(len(standing.clauses)),
        **(facts or {}),
    }


def _sender(session: Session, now: datetime, standing: Standing, to: Contact | None = None) -> dict[str, str]:
    """The strategist who stands under the letter, with a phone number; nobody gets a letter from themselves."""
    found = contacts(session, standing.agreement.region_id, standing.agreement.programme_id, civil(now), STRATEGIST)
    region = standing.region.organisation
    if not found:
        return {"avsandare": region.name, "telefon": region.registry_email}
    person = found[0].person
    if to is not None and to.person.id == person.id:
        return {"avsandare": "Överens", "telefon": ""}
    return {"avsandare": f"{person.name}, {region.name}", "telefon": person.phone or person.email}


def _no_contact(session: Session, now: datetime, standing: Standing, party: Party, occasion: str) -> None:
    task(
        session,
        now,
        standing,
        NO_CONTACT,
        f"{party.organisation.name} saknar kontaktperson",
        once=f"{occasion}:{party.id}",
    )
    if not party.organisation.registry_email:
        return
    facts = {**_sender(session, now, standing), **_with_parties(standing, party, None), "namn": party.organisation.name}
    letter = render(LetterName.contact_missing, facts, own_letters(session, standing.agreement.region_id))
    outbox.queue(
        session,
        now,
        key=f"contact_missing:{standing.agreement.id}:{party.id}:{standing.agreement.due_round}",
        purpose=LetterName.contact_missing.value,
        subject=letter.subject,
        body=letter.body,
        recipient=party.organisation.registry_email,
        recipient_name=party.organisation.name,
        agreement_id=standing.agreement.id,
    )
