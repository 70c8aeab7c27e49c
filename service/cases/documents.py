"""Files of an agreement: renderings of facts already committed, scans of signatures on paper, and the signed file.

The text is what binds; a file is made from it after the commit, kept under its own hash and never changed.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from babel.dates import format_date
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from documents import agreement as word
from service.cases.frozen import frozen_facts
from service.cases.mail import registry_letter
from service.cases.opening import slots_of
from service.post.letters import LetterName
from service.store.files import Files
from service.store.standing import Standing, current_frozen, load, load_many, view
from service.store.tables import Agreement, ContactAssignment, Document, FrozenText, Person, Publication, Signature
from states.access import Operation
from states.agreement import State
from states.errors import NotFound, Refused, TooLarge
from states.facts import SignatoryFacts, from_canonical, spoken
from states.parties import Actor
from states.slot import Method

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
UPLOAD_MAX = 10 * 1024 * 1024

_SCANS = {
    b"%PDF-": ("application/pdf", "pdf"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
}


@dataclass(frozen=True, slots=True)
class File:
    """Bytes to hand out, with the name and kind they go under."""

    name: str
    media_type: str
    data: bytes


def word_file(session: Session, actor: Actor, agreement_id: UUID) -> File:
    """The Word file of the text as it stands: the frozen one where there is one, else a draft from the heads."""
    standing = view(session, actor, agreement_id)
    frozen = current_frozen(session, agreement_id)
    if frozen is None:
        facts = frozen_facts(session, standing, revision=0)
        made = standing.agreement.waiting_since or standing.agreement.created_at
        data = word.render(facts, kind="draft", code=None, signatories=_signatories(session, standing), modified=made)
        return File(_name(standing, "utkast"), WORD, data)
    return File(_name(standing, f"version {frozen.revision}"), WORD, _frozen_bytes(session, standing, frozen, signed=False))


def finish_signed(session: Session, files: Files, now: datetime, agreement_id: UUID | None = None) -> int:
    """Make the signed file of every signed agreement that has none yet, and send it to both registrars; returns how many.

    What is due is asked of the rows, so it does no harm to run it twice, late, or after a crash.
    """
    due = _signed_without_file()
    if agreement_id is not None:
        due = due.where(col(Agreement.id) == agreement_id)
    standings = load_many(session, session.exec(due.limit(50)).all())
    for standing in standings.values():
        _keep_signed(session, files, now, standing)
    return len(standings)


def signed_due(session: Session) -> bool:
    """Whether `finish_signed` has something to do."""
    return session.exec(_signed_without_file().limit(1)).first() is not None


def keep_scan(session: Session, files: Files, actor: Actor, now: datetime, agreement_id: UUID, data: bytes) -> Document:
    """Keep the scan of a signed paper (PDF, JPEG or PNG, at most 10 MB)."""
    standing = load(session, actor, Operation.upload_signed_paper, agreement_id)
    if len(data) > UPLOAD_MAX:
        raise TooLarge
    kind = next((k for start, k in _SCANS.items() if data.startswith(start)), None)
    if kind is None:
        raise Refused("wrong-type", "Filen är inte en PDF eller bild. Skanna pappret som PDF, JPEG eller PNG.")
    return _keep(session, files, actor, now, standing, "scan", File(_name(standing, "underskrift", kind[1]), kind[0], data))


def stored_file(session: Session, files: Files, actor: Actor, digest: str) -> File:
    """A kept file of an agreement the person may see; NotFound for everybody else's."""
    query = select(Document).where(col(Document.file_sha256) == digest)
    for row in session.exec(query).all():
        try:
            view(session, actor, row.agreement_id)
        except NotFound:
            continue
        return File(row.file_name, row.media_type, files.get(digest))
    raise NotFound


def public_file(session: Session, files: Files, slug: str) -> File:
    """The signed file of a published agreement; NotFound when it was never published or has been taken down."""
    query = (
        select(Document)
        .join(Publication, col(Publication.document_id) == col(Document.id))
        .where(col(Publication.slug) == slug, col(Publication.unpublished_at).is_(None))
    )
    row = session.exec(query).first()
    if row is None:
        raise NotFound
    return File(row.file_name, row.media_type, files.get(row.file_sha256))


def documents_of(session: Session, agreement_id: UUID) -> list[Document]:
    """What is kept for an agreement, newest first."""
    return list(
        session.exec(select(Document).where(col(Document.agreement_id) == agreement_id).order_by(col(Document.id).desc())).all()
    )


def signed_document(session: Session, agreement_id: UUID) -> Document | None:
    """The signed file: what is published and registered."""
    found = (d for d in documents_of(session, agreement_id) if d.kind == "signed")
    return max(found, key=lambda d: d.seq, default=None)


def _signed_without_file() -> SelectOfScalar[UUID]:
    made = select(Document.id).where(col(Document.agreement_id) == col(Agreement.id), col(Document.kind) == "signed")
    return select(Agreement.id).where(col(Agreement.state) == State.signed, ~made.exists())


def _keep_signed(session: Session, files: Files, now: datetime, standing: Standing) -> None:
    frozen = current_frozen(session, standing.agreement.id)
    if frozen is None:
        raise NotFound
    file = File(_name(standing, "undertecknad"), WORD, _frozen_bytes(session, standing, frozen, signed=True))
    document = _keep(session, files, None, now, standing, "signed", file, frozen)
    session.flush()
    for party in standing.parties:
        registry_letter(
            session, now, standing, party, LetterName.signed_to_registry, document, {"kontrollkod": spoken(frozen.control_code)}
        )


def _keep(
    session: Session,
    files: Files,
    actor: Actor | None,
    now: datetime,
    standing: Standing,
    kind: str,
    file: File,
    frozen: FrozenText | None = None,
) -> Document:
    seq = sum(1 for d in documents_of(session, standing.agreement.id) if d.kind == kind) + 1
    row = Document(
        agreement_id=standing.agreement.id,
        frozen_id=frozen.id if frozen else None,
        kind=kind,
        seq=seq,
        file_name=file.name,
        media_type=file.media_type,
        file_sha256=files.put(file.data),
        size=len(file.data),
        at=now,
        by_id=actor.assignment if actor else None,
    )
    session.add(row)
    session.flush()
    return row


def _frozen_bytes(session: Session, standing: Standing, frozen: FrozenText, *, signed: bool) -> bytes:
    facts = from_canonical(frozen.canonical)
    people = _signatories(session, standing, signed=signed)
    return word.render(facts, kind="frozen", code=frozen.control_code, signatories=people, modified=frozen.at)


def _signatories(session: Session, standing: Standing, *, signed: bool = False) -> list[SignatoryFacts]:
    """Who signs, in order; in the signed file also when and how each one did."""
    found = []
    for place in slots_of(session, standing.agreement.id):
        person = _person(session, place.assignment_id)
        signature = _signature(session, place.id) if signed else None
        found.append(
            SignatoryFacts(
                party=standing.party(place.party_id).organisation.name,
                title=place.title,
                authority=place.authority,
                name=person.name if person else "",
                signed=_evidence(signature) if signature else "",
            )
        )
    return found


def _person(session: Session, assignment_id: UUID | None) -> Person | None:
    assignment = session.get(ContactAssignment, assignment_id) if assignment_id else None
    return session.get(Person, assignment.person_id) if assignment else None


def _signature(session: Session, slot_id: UUID) -> Signature | None:
    query = select(Signature).where(col(Signature.slot_id) == slot_id, col(Signature.verified_at).is_not(None))
    return session.exec(query).first()


def _evidence(signature: Signature) -> str:
    """How a signature was given, as it stands in the signed file."""
    day = format_date(signature.signed_on, "d MMMM y", "sv")
    if signature.method is Method.code:
        return f"Underskriven {day} med personlig engångskod i Överens"
    return f"Underskriven på papper {day}, kontrollerad av regionen"


def _name(standing: Standing, what: str, ending: str = "docx") -> str:
    """A file name people can sort by; plain letters only, so that every mail program keeps it."""
    other = standing.others(standing.region)[0].organisation.short_name
    plain = unicodedata.normalize("NFKD", f"overenskommelse {other} {what}".lower()).encode("ascii", "ignore").decode()
    return f"{re.sub('[^a-z0-9]+', '-', plain).strip('-')}.{ending}"
