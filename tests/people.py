"""The fixed cast of the tests: the same people everywhere, one of whom must see nothing of Falun's."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from service.cases.programmes import AreaPlan, ProgrammePlan, create_agreements, create_programme
from service.store.columns import new_id
from service.store.tables import Agreement, AgreementParty, ContactAssignment, Organisation, Person
from states.parties import FLOW, Actor, OrganisationKind, Role

NOW = datetime(2027, 5, 10, 7, 0, tzinfo=UTC)
DUE = date(2027, 9, 30)
AREAS = ("Scenkonst för barn och unga", "Bibliotek och läsning", "Kultur och hälsa")

CITIZEN = Actor(None, None, None, Role.reader, "En medborgare")


def later(days: float = 0, *, seconds: float = 0) -> datetime:
    """A moment after the cast came together."""
    return NOW + timedelta(days=days, seconds=seconds)


@dataclass(frozen=True, slots=True)
class Cast:
    """The organisations by id and the people as they act; a signatory per party."""

    region: UUID
    falun: UUID
    borlange: UUID
    elin: Actor
    joar: Actor
    registrar: Actor
    administrator: Actor
    torun: Actor
    karin: Actor
    peter: Actor
    chair: Actor
    falun_registrar: Actor
    hanna: Actor
    borlange_chair: Actor


def arrive(session: Session) -> Cast:
    """Put the organisations and the people into an empty store."""
    region = _organisation(session, OrganisationKind.region, "Region Dalarna", "Dalarna", None, "RD")
    falun = _organisation(session, OrganisationKind.municipality, "Falu kommun", "Falun", "2080", "")
    borlange = _organisation(session, OrganisationKind.municipality, "Borlänge kommun", "Borlänge", "2081", "")

    def person(name: str, organisation: UUID, role: Role, title: str = "") -> Actor:
        return join(session, name, organisation, role, title)

    return Cast(
        region=region,
        falun=falun,
        borlange=borlange,
        elin=person("Elin Åsberg", region, Role.strategist),
        joar=person("Joar Hedqvist", region, Role.strategist),
        registrar=person("Rut Ek", region, Role.registrar),
        administrator=person("Siv Alm", region, Role.administrator),
        torun=person("Torun Hällgren", region, Role.signatory, "kultur- och bildningschef"),
        karin=person("Karin Östlund", falun, Role.main),
        peter=person("Peter Wik", falun, Role.deputy),
        chair=person("Anna Borg", falun, Role.signatory, "kulturnämndens ordförande"),
        falun_registrar=person("Rolf Dal", falun, Role.registrar),
        hanna=person("Hanna Qvist", borlange, Role.main),
        borlange_chair=person("Bengt Lo", borlange, Role.signatory, "kommunstyrelsens ordförande"),
    )


def join(session: Session, name: str, organisation: UUID, role: Role, title: str = "") -> Actor:
    """A person with one role for an organisation, in every programme."""
    email = f"{name.split()[0].lower()}.{new_id().hex[-6:]}@{role.value}.example"
    person = Person(name=name, email=email, phone="010-000 10 01")
    session.add(person)
    session.flush()
    assignment = ContactAssignment(person_id=person.id, organisation_id=organisation, role=role, title=title)
    session.add(assignment)
    session.flush()
    kind = session.get_one(Organisation, organisation).kind
    return Actor(assignment.id, person.id, organisation, role, name, kind=kind)


def plan(slug: str = "dalarna-2027", areas: tuple[str, ...] = AREAS) -> ProgrammePlan:
    """A small programme with a text in every field of every area."""
    return ProgrammePlan(
        slug=slug,
        name="Kultur- och bildningsplan 2027–2030",
        period_from=date(2027, 1, 1),
        period_to=date(2030, 12, 31),
        due=DUE,
        due_firm=True,
        areas=[AreaPlan(n, title, {code: f"{title}: {code}." for code in "wgrkf"}) for n, title in enumerate(areas, 1)],
    )


def draft(session: Session, cast: Cast, municipality: UUID | None = None, slug: str = "dalarna-2027") -> UUID:
    """A draft agreement between the region and Falun (or another) in a new programme."""
    programme = create_programme(session, cast.elin, NOW, plan(slug))
    return create_agreements(session, cast.elin, NOW, programme.id, [municipality or cast.falun]).agreements[0]


def add_party(session: Session, agreement_id: UUID, organisation: UUID) -> None:
    """Make a draft an agreement of one party more; there is no use case for it yet."""
    agreement = session.get_one(Agreement, agreement_id)
    taken = agreement.party_key.split(",")
    session.add(AgreementParty(agreement_id=agreement_id, organisation_id=organisation, position=len(taken) + 1))
    agreement.party_key = ",".join(sorted([*taken, str(organisation)]))
    session.add(agreement)
    session.flush()


def _organisation(session: Session, kind: OrganisationKind, name: str, short: str, code: str | None, prefix: str) -> UUID:
    row = Organisation(
        kind=kind,
        name=name,
        short_name=short,
        municipality_code=code,
        case_prefix=prefix,
        registry_email=f"registrator.{new_id().hex[-6:]}@{'region' if prefix else 'kommun'}.example",
    )
    session.add(row)
    session.flush()
    return row.id


__all__ = ["AREAS", "CITIZEN", "DUE", "FLOW", "NOW", "Cast", "add_party", "arrive", "draft", "join", "later", "plan"]
