"""Organisations: the region, its municipalities and everybody else who can be a party; names are stored as written."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from service.cases.wording import line
from service.store import history
from service.store.tables import Organisation
from states.access import Operation, Relation, require
from states.errors import FieldError, Invalid
from states.parties import Actor, OrganisationKind


@dataclass(frozen=True, slots=True)
class NewOrganisation:
    """An organisation as it is written in documents; a region needs the prefix of its case numbers, a municipality its code."""

    kind: OrganisationKind
    name: str
    short_name: str = ""
    municipality_code: str = ""
    org_no: str = ""
    registry_email: str = ""
    case_prefix: str = ""


def add_organisation(session: Session, actor: Actor, now: datetime, new: NewOrganisation) -> Organisation:
    """Add an organisation; Invalid when its code or name is taken or something it needs is missing."""
    require(Operation.edit_organisations, actor.role, Relation.region)
    name = line(new.name, "name", missing="Skriv organisationens officiella namn.")
    _check(session, new, name)
    row = Organisation(
        kind=new.kind,
        name=name,
        short_name=line(new.short_name, "short_name") or name,
        municipality_code=new.municipality_code or None,
        org_no=line(new.org_no, "org_no"),
        registry_email=line(new.registry_email, "registry_email").lower(),
        case_prefix=line(new.case_prefix, "case_prefix"),
    )
    session.add(row)
    session.flush()
    history.append(session, actor, now, "add_organisation", organisation=str(row.id), name=name, organisation_kind=new.kind.value)
    return row


def _check(session: Session, new: NewOrganisation, name: str) -> None:
    errors = []
    if new.kind is OrganisationKind.region and not new.case_prefix:
        errors.append(FieldError("case_prefix", "missing", "Ange hur regionens diarienummer börjar, till exempel RD."))
    if new.kind is not OrganisationKind.region and new.case_prefix:
        errors.append(FieldError("case_prefix", "not-a-region", "Bara en region har diarienummer härifrån."))
    if new.kind is OrganisationKind.municipality and not _is_code(new.municipality_code):
        errors.append(FieldError("municipality_code", "not-a-code", "Kommunkoden har fyra siffror, till exempel 2026."))
    if session.exec(select(Organisation.id).where(col(Organisation.name) == name)).first():
        errors.append(FieldError("name", "name-taken", f"{name} finns redan."))
    if (
        new.municipality_code
        and session.exec(select(Organisation.id).where(col(Organisation.municipality_code) == new.municipality_code)).first()
    ):
        errors.append(FieldError("municipality_code", "code-taken", "Kommunkoden finns redan."))
    if errors:
        raise Invalid(*errors)


def _is_code(code: str) -> bool:
    return len(code) == 4 and code.isascii() and code.isdigit()
