"""Commands about organisations and the people who sign in: `overens organisation …` and `overens user …`."""

from typing import Annotated

import typer

from states.parties import OrganisationKind, Role

organisation = typer.Typer(help="Regionen, kommunerna och andra parter.", no_args_is_help=True)
user = typer.Typer(help="De som loggar in.", no_args_is_help=True)


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
    from service.commands import enrolment  # the parent of all processes stays small

    enrolment.add_organisation(
        name, kind=kind, short_name=short_name, code=code, org_no=org_no, email=email, case_prefix=case_prefix
    )


@organisation.command("list")
def list_organisations() -> None:
    """Visa organisationerna."""
    from service.commands import enrolment

    enrolment.list_organisations()


@user.command("add")
def add_user(
    email: str,
    *,
    name: Annotated[str, typer.Option(help="Personens namn.")],
    role: Annotated[Role, typer.Option(help="Vad personen ska göra; regionens egna får lösenord.")],
    place: Annotated[str, typer.Option("--organisation", help="Organisationens namn eller kommunkod.")],
) -> None:
    """Lägg till en person; för regionens egna läses lösenordet från terminalen eller stdin."""
    from service.commands import enrolment

    enrolment.add_user(email, name=name, role=role, place=place)


@user.command("list")
def list_users() -> None:
    """Visa vem som har vilken roll hos vem."""
    from service.commands import enrolment

    enrolment.list_users()


@user.command("block")
def block(email: str, *, unblock: Annotated[bool, typer.Option("--unblock", help="Släpp in personen igen.")] = False) -> None:
    """Stäng en person ute genast: länkar, koder och inloggningar dör."""
    from service.commands import enrolment

    enrolment.block(email, unblock=unblock)


@user.command("link")
def link(email: str) -> None:
    """Skriv ut en inloggningslänk; att den gjordes står i händelseloggen."""
    from service.commands import enrolment

    enrolment.link(email)
