"""Att göra: what waits on a strategist today, one line a matter with one thing to do; everybody else is led to their own page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.cases.tasks import Due, close_task, open_tasks
from service.pages.rendering import Paths, date_long, date_short, instant, render, see_other
from service.store import desk
from service.store.overview import Answerer
from service.store.standing import Standing
from service.store.waiting import BESIDE
from service.web import Typed, Visit, Visiting, permit
from states.access import Operation
from states.calendar import civil
from states.errors import FieldError, Invalid, NotAllowed, NotFound
from states.parties import Actor, Role
from states.said import _, ngettext

router = APIRouter(include_in_schema=False)

CALL = "call"
REPLY = "mail_reply"

_SAID = {
    "ringt": _("Noterat att du har ringt."),
    "klart": _("Uppgiften är klar."),
    "senare": _("Uppgiften är uppskjuten."),
    "redan": _("Det är redan gjort."),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what it is about, where to go, one button; `task` is what a button closes, with its version."""

    title: str
    href: str
    button: str
    meta: tuple[str, ...] = ()
    hint: str = ""
    tone: str = ""
    label: str = ""
    task: UUID | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A group of lines under one heading."""

    heading: str
    entries: Sequence[Entry]


@router.get("/", name="today")
@permit(Operation.own_session)
def today(request: Request, visit: Visit) -> Response:
    """The strategist's day; staff without tasks see the programmes, everybody else their own municipality."""
    paths = Paths(request)
    if visit.actor.role is Role.guest:
        return see_other(request, paths("dialogues"))
    if not visit.actor.staff:
        return see_other(request, paths("municipality"))
    if visit.actor.role is not Role.strategist:
        return see_other(request, paths("programmes"))
    with visit.read() as session:
        sections = waiting(session, visit.actor, visit.now, paths)
        event = desk.coming(session, visit.actor, civil(visit.now))
    return render(
        request,
        "today/today.html",
        sections=[s for s in sections if s.entries],
        coming=_said_coming(event),
        where=visit.organisation,
        day=civil(visit.now),
        said=_SAID.get(request.query_params.get("klart", ""), ""),
        key=visit.new_key(),
    )


@router.get("/uppgifter/{task_id:uuid}", name="task")
@permit(Operation.view_tasks)
def show_task(request: Request, visit: Visit, task_id: UUID) -> HTMLResponse:
    return _task_page(request, visit, task_id, "", "")


@router.post("/uppgifter/{task_id:uuid}/avslut", name="task_closing")
@permit(Operation.view_tasks)
def close(request: Request, visit: Visit, task_id: UUID, typed: Typed) -> Response:
    """Tick a task off, or put it off to the day that was typed."""
    said, note = typed.get("day", "").strip(), typed.get("note", "")
    try:
        later = _day(said)
        with visit.write() as session:
            task = close_task(session, visit.actor, visit.now, task_id, note, put_off_to=later)
            done = "senare" if later else "ringt" if task.kind == CALL else "klart"
    except Invalid as refused:
        return _task_page(request, visit, task_id, said, note, [FieldError("day", e.code, e.message) for e in refused.fields])
    except NotAllowed:
        done = "redan"
    return see_other(request, f"{Paths(request)('today')}?klart={done}")


def waiting(session: Session, actor: Actor, now: datetime, paths: Paths) -> list[Section]:
    """Everything that waits on a strategist, what cannot wait first."""
    tasks = [due for due in open_tasks(session, actor, now) if due.task.kind != BESIDE]
    today, calls = civil(now), [due for due in tasks if due.task.kind == CALL]
    whom = desk.callees(session, [due.agreement for due in calls if due.agreement], today)
    return [
        Section(_("Ring"), [_call(due, paths, whom) for due in calls]),
        Section(_("Svara på datumförslag"), [_request(asked, paths) for asked in desk.date_requests(session, actor)]),
        Section(_("Granska svar"), [_review(standing, paths, today) for standing in desk.to_review(session, actor)]),
        Section(_("Kontrollera underskrivna papper"), [_scan(scan, paths, actor) for scan in desk.scans(session, actor)]),
        Section(_("Underskrifter som dröjer"), [_still(still, paths) for still in desk.standing_still(session, actor, now)]),
        Section(_("Läs svar som kom med mejl"), [_reply(due, paths) for due in tasks if due.task.kind == REPLY]),
        Section(_("Annat"), [_task(due, paths) for due in tasks if due.task.kind not in (CALL, REPLY)]),
    ]


def _task(due: Due, paths: Paths) -> Entry:
    call = due.task.kind == CALL
    return Entry(
        title=due.task.title,
        href=_subject(due, paths),
        button=_("Jag har ringt") if call else _("Klart"),
        meta=(_("Sedan {day}", day=date_short(civil(due.task.created_at))),),
        hint=due.task.detail,
        tone="late" if call else "",
        task=due.task.id,
    )


def _subject(due: Due, paths: Paths) -> str:
    """Where the matter of a task is: its agreement, or its dialogue."""
    if due.agreement:
        return paths("agreement", agreement_id=due.agreement.id)
    of_dialogue = due.task.subject_id is not None and due.task.kind.startswith("dialogue_")
    return paths("dialogue", round_id=due.task.subject_id) if of_dialogue else ""


def _reply(due: Due, paths: Paths) -> Entry:
    return replace(_task(due, paths), href=paths("received_mail", mail_id=due.task.subject_id), tone="act")


def _call(due: Due, paths: Paths, whom: Mapping[UUID, Answerer]) -> Entry:
    """A call with the number to ring; the detail says whether they have opened it and when their board meets."""
    entry, answers = _task(due, paths), whom.get(due.agreement.id) if due.agreement else None
    if answers is None:
        return replace(entry, meta=(_("Kontakt saknas"), *entry.meta))
    return replace(entry, meta=(answers.name, answers.phone or answers.email, *entry.meta))


def _request(asked: desk.Asked, paths: Paths) -> Entry:
    due = _("Svarsdagen är nu {day}", day=date_short(asked.due)) if asked.due else _("Ingen svarsdag är satt")
    return Entry(
        title=_("{party} vill svara senast {day}", party=asked.party, day=date_long(asked.day)),
        href=paths("agreement", agreement_id=asked.agreement_id),
        button=_("Svara"),
        meta=(due, _("Kom {moment}", moment=instant(asked.at))),
        hint=asked.reason,
        tone="act",
    )


def _review(standing: Standing, paths: Paths, today: date) -> Entry:
    region, agreement = standing.region, standing.agreement
    others = ", ".join(p.organisation.name for p in standing.others(region))
    count = sum(region.id in standing.clause_waits_on(clause) for clause in standing.clauses)
    words = ngettext("1 område väntar på er", "{count} områden väntar på er", count)
    since = (_("Sedan {moment}", moment=instant(agreement.waiting_since)),) if agreement.waiting_since else ()
    late = agreement.due is not None and agreement.due < today
    return Entry(
        title=others,
        href=paths("agreement", agreement_id=agreement.id),
        button=_("Granska"),
        meta=(words, *since),
        tone="late" if late else "act",
        label=_("Försenad") if late else "",
    )


def _scan(scan: desk.Scan, paths: Paths, actor: Actor) -> Entry:
    own = _("Du lämnade in papperet. En annan person måste kontrollera det.") if scan.by == actor.assignment else ""
    return Entry(
        title=f"{scan.party}, {scan.title}",
        href=paths("decision", agreement_id=scan.agreement_id),
        button=_("Visa") if own else _("Kontrollera"),
        meta=(_("Kom {moment}", moment=instant(scan.at)),),
        hint=own,
        tone="act",
    )


def _still(still: desk.Still, paths: Paths) -> Entry:
    return Entry(
        title=f"{still.party}, {still.title}",
        href=paths("decision", agreement_id=still.agreement_id),
        button=_("Visa"),
        meta=(_("Begärdes {day}", day=date_short(civil(still.asked))),),
        tone="wait",
    )


def _said_coming(event: desk.Coming | None) -> str:
    if event is None:
        return ""
    if event.meeting:
        return _("{party}: nämnden möts {day}.", party=event.party, day=date_long(event.day))
    return _("{party}: sista svarsdag är {day}.", party=event.party, day=date_long(event.day))


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise Invalid(
            FieldError("day", "not-a-date", _("Skriv datumet som år, månad och dag, till exempel 2027-09-30."))
        ) from None


def _task_page(
    request: Request, visit: Visiting, task_id: UUID, day: str, note: str, errors: Sequence[FieldError] = ()
) -> HTMLResponse:
    with visit.read() as session:
        due = next((d for d in open_tasks(session, visit.actor, visit.now) if d.task.id == task_id), None)
    if due is None:
        raise NotFound
    return render(
        request,
        "today/task.html",
        status=422 if errors else 200,
        task=due.task,
        call=due.task.kind == CALL,
        day=day,
        note=note,
        where=visit.organisation,
        errors=errors,
        key=visit.new_key(),
    )
