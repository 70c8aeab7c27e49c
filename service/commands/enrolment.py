"""The work behind `overens organisation` and `overens user`: one transaction each, printed facts."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from service import clock
from service.cases import accounts, contacts, organisations, sign_in
from service.commands.opened import opened
from service.commands.terminal import fact, say
from service.settings import Settings, load
from service.store.tables import ContactAssignment, Organisation, Person
from states.errors import FieldError, Invalid, NotFound
from states.parties import FLOW, STAFF, OrganisationKind, Role


def add_organisation(
    name: str,
    *,
    kind: OrganisationKind = OrganisationKind.municipality,
    short_name: str = "",
    code: str = "",
    org_no: str = "",
    email: str = "",
    case_prefix: str = "",
) -> None:
    """Add an organisation."""
    new = organisations.NewOrganisation(kind, name, short_name, code, org_no, email, case_prefix)
    with _writing() as (session, settings):
        organisations.add_organisation(session, FLOW, clock.now(settings), new)
    fact(f"added {name}", added=name)


def list_organisations() -> None:
    """Print every organisation: kind, code, name."""
    with _writing() as (session, _):
        for row in session.exec(select(Organisation).order_by(col(Organisation.kind), col(Organisation.name))):
            code = row.municipality_code
            fact(f"{row.kind} {code or '-'} {row.name}", kind=row.kind, municipality_code=code, name=row.name)


def add_user(
    email: str,
    *,
    name: str,
    role: Role,
    place: str,
) -> None:
    """Add a person with a role; the region's own people get an account, their password is read from the terminal or stdin."""
    with _writing() as (session, _):
        where = _organisation(session, place)
        staff = where.kind is OrganisationKind.region and role in STAFF
    password = _password() if staff else ""
    with _writing() as (session, settings):
        now = clock.now(settings)
        if not staff:
            contacts.assign(session, FLOW, now, where.id, None, contacts.NewContact(name, email, role))
            fact(f"added {email} {role}", email=email, role=role)
            return
        made = accounts.add_user(
            session,
            settings.secret_keys,
            now,
            datetime.now(UTC),
            name=name,
            email=email,
            role=role,
            organisation=where.id,
            password=password,
        )
    say("Lägg in koden i appen för engångskoder. Den visas bara nu.")
    fact(f"added {email} {role} {made.secret} {made.uri}", email=email, role=role, totp_secret=made.secret, totp_uri=made.uri)


def list_users() -> None:
    """Print who has which role for whom."""
    query = (
        select(ContactAssignment, Person, Organisation)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .join(Organisation, col(Organisation.id) == col(ContactAssignment.organisation_id))
        .order_by(col(Organisation.name), col(Person.name))
    )
    with _writing() as (session, _):
        for row, person, where in session.exec(query):
            until = f" till {row.valid_to}" if row.valid_to else ""
            line = f"{person.email} {row.role} {where.name}{until}{' spärrad' if row.blocked else ''}"
            facts = {"email": person.email, "role": row.role, "organisation": where.name}
            fact(line, **facts, valid_to=row.valid_to, blocked=row.blocked)


def block(email: str, *, unblock: bool = False) -> None:
    """Shut a person out at once: links, codes and sessions die."""
    with _writing() as (session, settings):
        for row in _assignments(session, email):
            contacts.block(session, FLOW, clock.now(settings), row.id, blocked=not unblock)
    fact(f"{'unblocked' if unblock else 'blocked'} {email}", email=email, blocked=not unblock)


def link(email: str) -> None:
    """Print a sign-in link for each role of a person; that it was made stands in the history."""
    with _writing() as (session, settings):
        for row in _assignments(session, email):
            token = sign_in.one_link(session, clock.now(settings), datetime.now(UTC), row)
            address = f"{settings.base_url}/k/{token}"
            fact(f"{row.role} {address}", role=row.role, link=address)


@contextmanager
def _writing() -> Iterator[tuple[Session, Settings]]:
    """One transaction of the settings' store."""
    settings = load()
    with opened(settings) as store, store.write() as session:
        yield session, settings


def _organisation(session: Session, place: str) -> Organisation:
    query = select(Organisation).where((col(Organisation.name) == place) | (col(Organisation.municipality_code) == place))
    found = session.exec(query).first()
    if found is None:
        raise NotFound(f"Organisationen {place} finns inte. Lägg till den med: overens organisation add")
    return found


def _assignments(session: Session, email: str) -> list[ContactAssignment]:
    query = select(ContactAssignment).join(Person, col(Person.id) == col(ContactAssignment.person_id))
    found = list(session.exec(query.where(col(Person.email) == email.strip().lower())).all())
    if not found:
        raise NotFound(f"Ingen har adressen {email}.")
    return found


def _password() -> str:
    """Asked for twice on a terminal, else one line of stdin; never an argument, which others could see."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass(f"Lösenord, minst {accounts.SHORTEST_PASSWORD} tecken: ")
    if getpass.getpass("Samma igen: ") != first:
        raise Invalid(FieldError("password", "different", "Lösenorden är inte lika."))
    return first
