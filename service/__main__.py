"""The command line: `overens`, or `python -m service`."""

import os
import signal
import sys
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from service import clock, log, supervise
from service.commands import people
from service.commands.terminal import fact, say, speak_json
from service.settings import PREFIX, Settings, SettingsError, load
from states.calendar import TZ
from states.errors import Blocked, Invalid, NotAllowed, NotFound, NotYours, OverensError, Refused, Stale, StoreUnavailable

if TYPE_CHECKING:
    from service.store.session import Store

DONE, FOUND, USAGE, REFUSED, AWAY, INTERRUPTED = 0, 1, 2, 3, 4, 130

app = typer.Typer(
    name="overens",
    help="Överens: från förslag till undertecknad överenskommelse.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(people.organisation, name="organisation")
app.add_typer(people.user, name="user")

Host = Annotated[str, typer.Option(help="Adress att lyssna på.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port för webbplatsen.")]


@app.callback()
def every_command(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Svara med JSON, ett objekt på varje rad.")] = False,
    lang: Annotated[Literal["sv", "en"], typer.Option(help="Språk för svaren; engelska kommer senare.")] = "sv",
) -> None:
    """Gäller alla kommandon. --json får också stå sist."""
    speak_json(on=as_json)
    if lang != "sv":
        say("English is not there yet: the answers are in Swedish.")


@app.command()
def up(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Påhittade kommuner i en egen mapp; ingen post skickas.")] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    no_flows: Annotated[bool, typer.Option("--no-flows", help="Bara webbplatsen, inga scheman.")] = False,
) -> None:
    """Starta allt på den här datorn: webbplatsen och schemana."""
    settings = _started(host, port, demo=demo)
    say(f"Startar. Mapp: {settings.data_dir}. Läge: {settings.mode}.")
    if not no_flows:
        say("Schemana tar 10–20 sekunder första gången.")
    raise typer.Exit(supervise.up(settings, host, port, flows=not no_flows, tell=fact))


@app.command()
def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Starta bara webbplatsen."""
    import uvicorn  # only this command pays for it

    from service.patience import Patient

    settings = _started(host, port)
    supervise.take_ports([(host, port, "--port")])
    os.environ[f"{PREFIX}BASE_URL"] = settings.base_url
    uvicorn.run(
        "service.app:create_app",
        factory=True,
        host=host,
        port=port,
        http=Patient,
        access_log=False,  # +47 % per request, and addresses belong in no log
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=10,
    )


@app.command()
def flows() -> None:
    """Starta bara schemana."""
    settings = load()
    log.configure(settings.log_level)
    raise typer.Exit(supervise.schedules_only(settings, fact))


@app.command()
def migrate(
    *, check: Annotated[bool, typer.Option("--check", help="Se bara efter; 1 om databasen ligger efter.")] = False
) -> None:
    """För databasen till senaste form."""
    from service.store import schema

    with _store() as store:
        behind = schema.behind(store)
        if check:
            fact("behind" if behind else "current")
            raise typer.Exit(FOUND if behind else DONE)
        schema.migrate(store)
        fact("migrated" if behind else "current")


@app.command()
def seed(
    *, fixtures: Annotated[Path | None, typer.Option(metavar="FIL", help="Ett annat exempel än Dalarnas, i samma form.")] = None
) -> None:
    """Fyll demonstrationens mapp med Dalarnas exempel; gör inget om det redan finns."""
    from service.cases import demo
    from service.store.files import Files

    settings = load()
    if not settings.demo:
        raise SettingsError(f"Exemplet läggs bara i en demonstration. Sätt {PREFIX}DEMO=true.")
    story = demo.told(fixtures) if fixtures else demo.told()
    with _store() as store:
        clock.start_at(settings, demo.demo_clock(story))
        made = demo.seed_demo(store, Files(settings.files_dir), raw=story)
    fact("seeded" if made else "already seeded")


@app.command(hidden=True)
def demo_links() -> None:
    """Skriv ut en inloggningslänk för varje roll i demonstrationen."""
    from service.cases import demo, sign_in

    settings = load()
    if not settings.demo:
        raise SettingsError(f"Länkar för alla roller finns bara i en demonstration. Sätt {PREFIX}DEMO=true.")
    with _store() as store, store.write() as session:
        for label, assignment, person in demo.demo_people(session):
            token = sign_in.one_link(session, clock.now(settings), datetime.now(UTC), assignment)
            fact(f"{label}, {person.name}: {settings.base_url}/k/{token}")
    say("Varje länk gäller en gång; starta om för nya. Avsluta med Ctrl-C.")


@app.command()
def check(
    *,
    invariants: Annotated[bool, typer.Option("--invariants", help="Omöjliga uppgifter i databasen.")] = False,
    chain: Annotated[bool, typer.Option("--chain", help="Händelsekedjan, och om databasen har gått bakåt.")] = False,
    documents: Annotated[bool, typer.Option("--documents", help="Att varje fil finns och är oskadd.")] = False,
    settings: Annotated[bool, typer.Option("--settings", help="Versioner, kopior, e-post, https.")] = False,
    schedules: Annotated[bool, typer.Option("--schedules", help="Att schemat svarar och har kommande körningar.")] = False,
) -> None:
    """Leta efter fel, i allt eller i de delar som nämns; en rad och en sida för varje fynd, och 1."""
    from service.commands import checking

    found = checking.check(checking.Parts(invariants, chain, documents, settings, schedules))
    raise typer.Exit(FOUND if found else DONE)


@app.command()
def backup(
    folder: Annotated[Path | None, typer.Argument(metavar="MAPP", help=f"I stället för {PREFIX}BACKUP_DIR.")] = None,
    *,
    keep: Annotated[int, typer.Option(min=0, help="Behåll så många prövade; 0 behåller alla.")] = 0,
) -> None:
    """Gör en säkerhetskopia medan tjänsten är igång, läs in den vid sidan av och kontrollera den; 1 om den inte håller."""
    from service.commands import safekeeping

    safekeeping.backup(folder, keep)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FIL", help="En fil från overens backup.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Fråga inte.")] = False,
) -> None:
    """Läs in en säkerhetskopia i en tom databas: allt eller inget. En databas som inte är tom rörs aldrig (3)."""
    from service.commands import safekeeping

    safekeeping.restore(file, yes=yes)


@app.command()
def remind(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Visa vad som går ut de närmaste dagarna; skriv inget.")] = False,
    days: Annotated[int, typer.Option(min=1, max=366, help="Hur många dagar --dry-run ser framåt.")] = 7,
    moment: Annotated[str, typer.Option("--at", help="Som om klockan vore detta, till exempel 2027-01-15T08:00.")] = "",
) -> None:
    """Köa alla påminnelser som är aktuella nu, så som schemat gör."""
    from service.cases.forecast import plan
    from service.sweeps import sweep_reminders

    now = clock.now(load())
    at = _moment(moment) if moment else now
    if at > now and not dry_run:
        raise typer.BadParameter("En tid som inte har varit går bara med --dry-run.", param_hint="--at")
    with _store() as store:
        if dry_run:
            with store.read() as session:
                for one in plan(session, at, days):
                    line = " · ".join([one.on.isoformat(), one.organisation, one.recipient, one.status, *one.why])
                    who = {"organisation": one.organisation, "recipient": one.recipient}
                    fact(line, on=one.on, **who, status=one.status, why=one.why)
            return
        done = sweep_reminders(store, at)
    line = f"planned {done.planned} queued {done.queued} skipped {done.skipped} tasks {done.tasks}"
    fact(line, planned=done.planned, queued=done.queued, skipped=done.skipped, tasks=done.tasks)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} är ingen tid. Skriv till exempel 2027-01-15T08:00.", param_hint="--at") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=TZ)


@app.command()
def deliver() -> None:
    """Skicka det som väntar i utkorgen, så som schemat gör."""
    from service.sweeps import deliver_outbox

    settings = load()
    if not settings.mail_configured:
        raise SettingsError(f"Ingen e-postserver är vald. Sätt {PREFIX}SMTP_HOST.")
    with _store() as store:
        fact(f"tried {deliver_outbox(store, settings, partial(datetime.now, UTC))}")


@app.command()
def openapi(
    *, check: Annotated[bool, typer.Option("--check", help="Jämför bara med den sparade filen; 1 om de skiljer sig.")] = False
) -> None:
    """Skriv beskrivningen av API:et till den sparade filen."""
    from service.api.router import COMMITTED, write

    described = write()
    same = COMMITTED.exists() and COMMITTED.read_text(encoding="utf-8") == described
    if check:
        fact("same" if same else "differs")
        raise typer.Exit(DONE if same else FOUND)
    COMMITTED.write_text(described, encoding="utf-8")
    fact("same" if same else "written")


@app.command()
def version() -> None:
    """Visa versioner."""
    from importlib.metadata import version as installed

    from pysqlite3 import sqlite_version

    versions = {"overens": installed("overens"), "python": sys.version.split()[0], "sqlite": sqlite_version}
    fact("\n".join(f"{name} {value}" for name, value in versions.items()), **versions)


def main() -> None:
    """Run one command and end with the exit code it earned."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """One command; faults become one sentence on stderr and an exit code, never a traceback."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(INTERRUPTED))
    try:
        app(_json_first(arguments), prog_name="overens")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE
    except OverensError as error:
        say(" ".join(one.message for one in error.fields) if isinstance(error, Invalid) else error.message)
        return _exit_code(error)
    return DONE


def _json_first(arguments: list[str]) -> list[str]:
    """--json belongs to every command, so it may stand anywhere."""
    return ["--json", *(one for one in arguments if one != "--json")] if "--json" in arguments else arguments


def _exit_code(error: OverensError) -> int:
    match error:
        case SettingsError() | NotFound() | Invalid():
            return USAGE
        case Blocked() | NotAllowed() | NotYours() | Refused() | Stale():
            return REFUSED
        case StoreUnavailable():
            return AWAY
        case _:
            return AWAY if error.code == "scheduler-away" else FOUND


def _started(host: str, port: int, *, demo: bool = False) -> Settings:
    """The settings with what the command line chose, and the log switched on."""
    chosen: dict[str, object] = {}
    if f"{PREFIX}BASE_URL" not in os.environ:
        chosen["base_url"] = supervise.address(host, port)
    if demo:
        chosen["demo"] = True
        if f"{PREFIX}LOG_LEVEL" not in os.environ:
            chosen["log_level"] = "warning"  # so that the links stay on the screen
        if f"{PREFIX}DATA_DIR" not in os.environ:
            chosen["data_dir"] = Path(".demo")
    settings = load(**chosen)
    log.configure(settings.log_level)
    return settings


def _store() -> AbstractContextManager["Store"]:
    from service.commands.opened import opened

    return opened(load())


if __name__ == "__main__":
    main()
