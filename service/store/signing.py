"""What the pages on deciding, signing and publishing read: few columns, no texts that are not shown."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.store.tables import (
    Agreement,
    AgreementParty,
    Body,
    BodyMeeting,
    ContactAssignment,
    Document,
    FrozenText,
    Organisation,
    Person,
    Programme,
    Publication,
    Signature,
    SignatureSlot,
)
from states import slot
from states.agreement import State
from states.calendar import BoardMeeting, next_possible
from states.facts import SignatoryFacts
from states.parties import OrganisationKind


@dataclass(frozen=True, slots=True)
class Given:
    """A signature that was given, with the names behind it and, on paper, the address of its scan."""

    signature: Signature
    by: str
    by_person: UUID
    verified_by: str
    scan: str
    scan_type: str


@dataclass(frozen=True, slots=True)
class Board:
    """A board of a party with the next meeting its papers can still reach."""

    name: str
    meeting: BoardMeeting | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One organisation on the public list; without a slug nothing is said about it but its name."""

    organisation: str
    slug: str = ""
    title: str = ""
    period_from: date | None = None
    period_to: date | None = None
    state: State | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublicProgramme:
    """One plan period on the public page."""

    name: str
    region: str
    rows: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """What lies, or has lain, at a public address."""

    publication: Publication
    agreement: Agreement
    canonical: str
    control_code: str
    document: Document


def given(session: Session, agreement_id: UUID) -> dict[UUID, list[Given]]:
    """The signatures by slot, oldest first, void texts left out."""
    query = (
        select(Signature, Document)
        .join(SignatureSlot, col(SignatureSlot.id) == col(Signature.slot_id))
        .outerjoin(Document, col(Document.id) == col(Signature.document_id))
        .where(col(SignatureSlot.agreement_id) == agreement_id, col(SignatureSlot.state) != slot.State.void)
        .order_by(col(Signature.id))
    )
    rows = session.exec(query).all()
    people = people_of(session, [a for s, _ in rows for a in (s.by_id, s.verified_by_id) if a])
    found: dict[UUID, list[Given]] = defaultdict(list)
    for signature, scan in rows:
        by = people[signature.by_id]
        checker = people[signature.verified_by_id].name if signature.verified_by_id else ""
        address = (scan.file_sha256, scan.media_type) if scan else ("", "")
        found[signature.slot_id].append(Given(signature, by.name, by.id, checker, *address))
    return found


def people_of(session: Session, assignments: Iterable[UUID]) -> dict[UUID, Person]:
    """The people behind assignments."""
    query = (
        select(ContactAssignment.id, Person)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .where(col(ContactAssignment.id).in_(list(assignments)))
    )
    return dict(session.exec(query).all())


def boards(session: Session, organisations: Sequence[UUID], today: date) -> dict[UUID, list[Board]]:
    """The boards of the organisations, each with its next possible meeting."""
    query = (
        select(Body, BodyMeeting)
        .outerjoin(BodyMeeting, col(BodyMeeting.body_id) == col(Body.id))
        .where(col(Body.organisation_id).in_(organisations))
        .order_by(col(Body.name))
    )
    meetings: dict[tuple[UUID, str], list[BoardMeeting]] = defaultdict(list)
    for body, meeting in session.exec(query).all():
        known = meetings[body.organisation_id, body.name]
        if meeting is not None:
            known.append(BoardMeeting(meeting.day, meeting.papers_due))
    found: dict[UUID, list[Board]] = defaultdict(list)
    for (organisation, name), days in meetings.items():
        found[organisation].append(Board(name, next_possible(days, today)))
    return found


def public_list(session: Session) -> list[PublicProgramme]:
    """Every programme with the municipalities of its county; whether something is under way with one cannot be told."""
    query = (
        select(Programme, Organisation)
        .join(Organisation, col(Organisation.id) == col(Programme.region_id))
        .order_by(col(Programme.period_from).desc(), col(Programme.name))
    )
    made = []
    for programme, region in session.exec(query).all():
        published = _published_rows(session, programme)
        names = {row.organisation for row in published}
        others = [Listed(name) for name in _municipalities(session, region) if name not in names]
        rows = sorted([*published, *others], key=lambda row: _alphabetical(row.organisation))
        made.append(PublicProgramme(programme.name, region.name, tuple(rows)))
    return made


def published_at(session: Session, slug: str) -> Published | None:
    """What was published at an address, taken down or not."""
    query = (
        select(Publication, Agreement, Document)
        .join(Agreement, col(Agreement.id) == col(Publication.agreement_id))
        .join(Document, col(Document.id) == col(Publication.document_id))
        .where(col(Publication.slug) == slug)
    )
    found = session.exec(query).first()
    if found is None:
        return None
    publication, agreement, document = found
    frozen = session.get_one(FrozenText, document.frozen_id)
    return Published(publication, agreement, frozen.canonical, frozen.control_code, document)


def _published_rows(session: Session, programme: Programme) -> list[Listed]:
    query = (
        select(Agreement, Publication, Organisation)
        .join(Publication, col(Publication.agreement_id) == col(Agreement.id))
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .where(
            col(Agreement.programme_id) == programme.id,
            col(Publication.unpublished_at).is_(None),
            col(Organisation.id) != programme.region_id,
        )
    )
    return [
        Listed(o.name, p.slug, a.title, a.period_from, a.period_to, a.state, p.published_at)
        for a, p, o in session.exec(query).all()
    ]


def _municipalities(session: Session, region: Organisation) -> list[str]:
    """The municipalities of the counties that the region deals with; the first two figures of a code name its county."""
    mine = (
        select(Organisation.municipality_code)
        .join(AgreementParty, col(AgreementParty.organisation_id) == col(Organisation.id))
        .join(Agreement, col(Agreement.id) == col(AgreementParty.agreement_id))
        .where(col(Agreement.region_id) == region.id, col(Organisation.municipality_code).is_not(None))
        .distinct()
    )
    counties = {str(code)[:2] for code in session.exec(mine).all()}
    every = select(Organisation.name, Organisation.municipality_code).where(
        col(Organisation.kind) == OrganisationKind.municipality
    )
    return [name for name, code in session.exec(every).all() if (code or "")[:2] in counties]


def _alphabetical(name: str) -> str:
    """Å, ä, ö last, as Swedish wants it."""
    return name.casefold().replace("å", "z1").replace("ä", "z2").replace("ö", "z3")


def signers(session: Session, agreement_id: UUID) -> list[SignatoryFacts]:
    """Who signed, in order, with the day; what stands in the signed file too."""
    query = (
        select(SignatureSlot, Signature, Person.name, Organisation.name)
        .join(Signature, col(Signature.slot_id) == col(SignatureSlot.id))
        .join(ContactAssignment, col(ContactAssignment.id) == col(SignatureSlot.assignment_id))
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .join(AgreementParty, col(AgreementParty.id) == col(SignatureSlot.party_id))
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .where(
            col(SignatureSlot.agreement_id) == agreement_id,
            col(SignatureSlot.state) == slot.State.signed,
            col(Signature.verified_at).is_not(None),
        )
        .order_by(col(SignatureSlot.position), col(AgreementParty.position))
    )
    return [
        SignatoryFacts(party, place.title, place.authority, name, signature.signed_on.isoformat())
        for place, signature, name, party in session.exec(query).all()
    ]
