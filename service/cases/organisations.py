"""Organisations: the region, its municipalities and everybody else who can be a party; names are stored as written."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.wording import line
from service.store import history
from service.store.tables import Organisation
from states.access import Operation, Relation, require
from states.errors import Blocked, FieldError, Invalid, NotYours, Reason
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
    """Add an organisation; Invalid when something it needs is missing, Blocked when its code or name is taken."""
    require(Operation.edit_organisations, actor.role, Relation.region)
    row = Organisation(kind=new.kind, name="", short_name="")
    _write(session, row, new)
    _note(session, actor, now, "add_organisation", row)
    return row


def change_organisation(session: Session, actor: Actor, now: datetime, row: Organisation, new: NewOrganisation) -> None:
    """Write an organisation anew, all but its kind; agreed texts keep the name they were agreed under."""
    require(Operation.edit_organisations, actor.role, Relation.region)
    if row.kind is OrganisationKind.region and row.id != actor.organisation:
        raise NotYours
    _write(session, row, new)
    _note(session, actor, now, "change_organisation", row)


def _write(session: Session, row: Organisation, new: NewOrganisation) -> None:
    name = line(new.name, "name", missing="Skriv organisationens officiella namn.")
    _check(new)
    _check_free(session, row.id, name, new.municipality_code)
    row.name, row.short_name = name, line(new.short_name, "short_name") or name
    row.municipality_code = new.municipality_code or None
    row.org_no, row.case_prefix = line(new.org_no, "org_no"), line(new.case_prefix, "case_prefix")
    row.registry_email = line(new.registry_email, "registry_email").lower()
    session.add(row)
    session.flush()


def _note(session: Session, actor: Actor, now: datetime, kind: str, row: Organisation) -> None:
    history.append(session, actor, now, kind, organisation=str(row.id), name=row.name, organisation_kind=row.kind.value)


def _check(new: NewOrganisation) -> None:
    errors = []
    if new.kind is OrganisationKind.region and not new.case_prefix:
        errors.append(FieldError("case_prefix", "missing", "Ange hur regionens diarienummer börjar, till exempel RD."))
    if new.kind is not OrganisationKind.region and new.case_prefix:
        errors.append(FieldError("case_prefix", "not-a-region", "Bara en region har diarienummer härifrån."))
    if new.kind is OrganisationKind.municipality and not _is_code(new.municipality_code):
        errors.append(FieldError("municipality_code", "not-a-code", "Kommunkoden har fyra siffror, till exempel 2026."))
    if errors:
        raise Invalid(*errors)


def _check_free(session: Session, own: UUID, name: str, code: str) -> None:
    others = select(Organisation.id).where(col(Organisation.id) != own)
    reasons = []
    if session.exec(others.where(col(Organisation.name) == name)).first():
        reasons.append(Reason("name-taken", f"{name} finns redan."))
    if code and session.exec(others.where(col(Organisation.municipality_code) == code)).first():
        reasons.append(Reason("code-taken", f"Kommunkoden {code} finns redan."))
    if reasons:
        raise Blocked(*reasons)


def _is_code(code: str) -> bool:
    return len(code) == 4 and code.isascii() and code.isdigit()
