"""Publishing: a signed agreement on the public page, with its signed file; taking it down leaves the reason at the address."""

import re
import unicodedata
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.mail import tell
from service.cases.steps import note
from service.cases.wording import reason as reason_text
from service.post.letters import LetterName
from service.store.standing import Standing, current_frozen, load
from service.store.tables import Document, Publication
from states.access import Operation
from states.agreement import State
from states.errors import Blocked, NotAllowed, Reason
from states.facts import from_canonical
from states.parties import Actor

_PHONE = re.compile(r"(?<!\d)(?:\+46|0)\d{1,3}[ \-/]\d(?:[ ]?\d){4,8}(?!\d)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PERSONAL_NUMBER = re.compile(r"(?<!\d)(?:19|20)?\d{6}[-+]\d{4}(?!\d)")


def personal_data(session: Session, standing: Standing) -> tuple[Reason, ...]:
    """What the check before publishing found in the areas' texts: phone numbers, mail addresses, personal identity numbers."""
    frozen = current_frozen(session, standing.agreement.id)
    if frozen is None:
        return ()
    found = []
    for clause in from_canonical(frozen.canonical).clauses:
        text = "\n".join((clause.title, *clause.fields.values()))
        for kind, pattern in (("telefonnummer", _PHONE), ("e-postadress", _MAIL), ("personnummer", _PERSONAL_NUMBER)):
            found += [
                Reason("personal-data-left", f"{clause.title}: {kind} {hit}", clause.clause_id) for hit in pattern.findall(text)
            ]
    return tuple(found)


def publish(
    session: Session, actor: Actor, now: datetime, agreement_id: UUID, document_id: UUID, version: int | None = None
) -> Publication:
    """Put the signed file on the public page; `document_id` is the stored signed file."""
    standing = load(session, actor, Operation.publish, agreement_id, version=version)
    if standing.agreement.state is not State.signed:
        raise Blocked(Reason("not-signed", "Bara en undertecknad överenskommelse kan publiceras."))
    if found := personal_data(session, standing):
        raise Blocked(*found)
    document = session.get(Document, document_id)
    if document is None or document.agreement_id != agreement_id or document.kind != "signed":
        raise Blocked(Reason("no-signed-file", "Den undertecknade filen saknas."))
    row = publication_of(session, agreement_id)
    if row is not None and row.unpublished_at is None:
        raise NotAllowed("publish", "published")
    row = row or Publication(agreement_id=agreement_id, document_id=document_id, slug=_slug(session, standing), published_at=now)
    row.document_id, row.published_at, row.unpublished_at, row.reason = document_id, now, None, ""
    session.add(row)
    note(session, actor, now, standing, "publish", slug=row.slug, document=document.file_sha256)
    for party in standing.others(standing.region):
        tell(session, now, standing, party, LetterName.published, {"publik_lank": f"/publikt/{row.slug}"})
    return row


def unpublish(
    session: Session, actor: Actor, now: datetime, agreement_id: UUID, why: str, version: int | None = None
) -> Publication:
    """Take it down; the reason is shown at its address."""
    standing = load(session, actor, Operation.publish, agreement_id, version=version)
    row = publication_of(session, agreement_id)
    if row is None or row.unpublished_at is not None:
        raise NotAllowed("unpublish", "none")
    row.reason = reason_text(why, missing="Skriv varför ni tar bort överenskommelsen från webben.")
    row.unpublished_at = now
    session.add(row)
    note(session, actor, now, standing, "unpublish", slug=row.slug, reason=row.reason)
    return row


def publication_of(session: Session, agreement_id: UUID) -> Publication | None:
    return session.exec(select(Publication).where(col(Publication.agreement_id) == agreement_id)).first()


def _slug(session: Session, standing: Standing) -> str:
    """A readable address: the other party's short name and the period, numbered when it is taken."""
    name = standing.others(standing.region)[0].organisation.short_name
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    base = (
        f"{re.sub('[^a-z0-9]+', '-', plain).strip('-')}-{standing.agreement.period_from.year}-{standing.agreement.period_to.year}"
    )
    taken = set(session.exec(select(Publication.slug).where(col(Publication.slug).startswith(base))).all())
    return next(s for s in (base, *(f"{base}-{n}" for n in range(2, 1000))) if s not in taken)
