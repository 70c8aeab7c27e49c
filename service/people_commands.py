"""Commands about organisations and the people who sign in: `overens organisation …` and `overens user …`."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlmodel import Session, col, select

from service import clock
from service.cases import accounts, contacts, organisations, sign_in
from service.settings import Settings, load
from service.store.session import Store
from service.store.tables import ContactAssignment, Organisation, Person
from states.errors import FieldError, Invalid, NotFound
from states.parties import FLOW, STAFF, OrganisationKind, Role

organisation = typer.Typer(help="Regionen, kommunerna och andra parter.", no_args_is_help=True)
user = typer.Typer(help="De som loggar in.", no_args_is_help=True)

_PLACE = typer.Option("--organisation", help="Organisationens namn eller kommunkod.")


@organisation.command("add")
def add_organisation(
    name: Annotated[str, typer.Argument(help="Officiellt namn, så som det står i handlingar.")],
    *,
    kind: Annotated[OrganisationKind, typer.Option(help="Vad det är.")] = OrganisationKind.municipality,
    short_name: Annotated[str, typer.Option(help="Kort namn, till exempel Falun.")] = "",
    code: Annotated[str, typer.Option(help="Kommunkod, fyra siffror.")] = "",
    org_no: Annotated[str, typer.Option(help="Organisationsnummer.")] = "",
    email: Annotated[str, typer.Option(help="Officiell e-postadress (registrator).")] = "",
    case_prefix: Annotated[str, typer.Option(help="Så börjar regionens diarienummer, till exempel RD.")] = "",
) -> None:
    """Lägg till en organisation."""
    new = organisations.NewOrganisation(kind, name, short_name, code, org_no, email, case_prefix)
    with _writing() as (session, settings):
        organisations.add_organisation(session, FLOW, clock.now(settings), new)
    print(f"added {name}")


@organisation.command("list")
def list_organisations() -> None:
    """Visa organisationerna."""
    with _writing() as (session, _):
        for row in session.exec(select(Organisation).order_by(col(Organisation.kind), col(Organisation.name))):
            print(f"{row.kind} {row.municipality_code or '-'} {row.name}")


@user.command("add")
def add_user(
    email: str,
    *,
    name: Annotated[str, typer.Option(help="Personens namn.")],
    role: Annotated[Role, typer.Option(help="Vad personen ska göra; regionens egna får lösenord.")],
    place: Annotated[str, _PLACE],
) -> None:
    """Lägg till en person; för regionens egna läses lösenordet från terminalen eller stdin."""
    with _writing() as (session, _):
        where = _organisation(session, place)
        staff = where.kind is OrganisationKind.region and role in STAFF
    password = _password() if staff else ""
    with _writing() as (session, settings):
        now = clock.now(settings)
        if not staff:
            contacts.assign(session, FLOW, now, where.id, None, contacts.NewContact(name, email, role))
            print(f"added {email} {role}")
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
    print(f"added {email} {role}")
    print(f"Lägg in den här koden i appen för engångskoder: {made.secret}")
    print(made.uri)


@user.command("list")
def list_users() -> None:
    """Visa vem som har vilken roll hos vem."""
    query = (
        select(ContactAssignment, Person, Organisation)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .join(Organisation, col(Organisation.id) == col(ContactAssignment.organisation_id))
        .order_by(col(Organisation.name), col(Person.name))
    )
    with _writing() as (session, _):
        for row, person, where in session.exec(query):
            until = f" till {row.valid_to}" if row.valid_to else ""
            print(f"{person.email} {row.role} {where.name}{until}{' spärrad' if row.blocked else ''}")


@user.command("block")
def block(email: str, *, unblock: Annotated[bool, typer.Option("--unblock", help="Släpp in personen igen.")] = False) -> None:
    """Stäng en person ute genast: länkar, koder och inloggningar dör."""
    with _writing() as (session, settings):
        for row in _assignments(session, email):
            contacts.block(session, FLOW, clock.now(settings), row.id, blocked=not unblock)
    print(f"{'unblocked' if unblock else 'blocked'} {email}")


@user.command("link")
def link(email: str) -> None:
    """Skriv ut en inloggningslänk; att den gjordes står i händelseloggen."""
    with _writing() as (session, settings):
        for row in _assignments(session, email):
            token = sign_in.one_link(session, clock.now(settings), datetime.now(UTC), row)
            print(f"{row.role} {settings.base_url}/k/{token}")


@contextmanager
def _writing() -> Iterator[tuple[Session, Settings]]:
    """One transaction of the settings' store."""
    settings = load()
    store = Store(settings.database_url)
    try:
        with store.write() as session:
            yield session, settings
    finally:
        store.close()


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
