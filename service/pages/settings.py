"""Inställningar: how each programme reminds, when the schedules ran and run, and how old the last verified backup is."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.cases import mail_server
from service.cases.backup import last_verified
from service.pages.reminder_settings import in_words
from service.pages.rendering import Paths, instant, render, see_other
from service.schedules import RESULTS, SchedulerAway, Schedules, Standing, planned, standing
from service.settings import Settings
from service.store.overview import programmes
from service.web import Typed, Visit, Visiting, permit, status_of
from states.access import Operation
from states.errors import NotFound
from states.policy import Policy
from states.said import _, ngettext

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One schedule in words."""

    name: str
    title: str
    last: str
    next: str
    tone: str


@router.get("/installningar", name="settings")
@permit(Operation.view_settings)
def show(request: Request, visit: Visit) -> HTMLResponse:
    return _page(request, visit)


@router.post("/installningar/korning", name="schedule_run")
@permit(Operation.run_schedules)
def run_now(request: Request, visit: Visit, typed: Typed) -> Response:
    """Ask the scheduler for one run at once; what the run does is decided by what is due."""
    name = typed.get("schedule", "")
    if name not in planned(visit.settings):
        raise NotFound
    try:
        with Schedules(visit.settings) as line:
            line.run_now(name)
    except SchedulerAway as away:
        return _page(request, visit, status=status_of(away))
    return see_other(request, f"{Paths(request)('settings')}?klart=korning")


def _page(request: Request, visit: Visiting, *, status: int = 200) -> HTMLResponse:
    lines = _lines(visit.settings)
    with visit.read() as session:
        found = [
            (p, in_words(Policy.from_dict(p.policy)), len(p.quiet_periods)) for p, *_rest in programmes(session, visit.actor)
        ]
        trouble = mail_server.trouble(session, visit.actor.organisation)
    return render(
        request,
        "settings/page.html",
        status=status,
        programmes=found,
        lines=lines,
        away="" if lines else SchedulerAway().message,
        backup=_backup(visit.settings, visit.real_now),
        mail=_mail(visit.settings),
        mail_trouble=trouble,
        said=_("Körningen är beställd. Den börjar inom några sekunder.")
        if request.query_params.get("klart") == "korning"
        else "",
        where=visit.organisation,
        key=visit.new_key(),
    )


def _lines(settings: Settings) -> list[Line]:
    """Every schedule with its last and next run; nothing at all when the scheduler does not answer."""
    try:
        return [_line(one) for one in standing(settings)]
    except SchedulerAway:
        return []


def _line(one: Standing) -> Line:
    last, over, at = one.last, one.last and one.last.over, one.next and one.next.expected
    return Line(
        one.name,
        one.title,
        _("Senast {moment}: {result:lower}.", moment=instant(over), result=RESULTS.get(last.state, last.state))
        if last and over
        else _("Har inte körts ännu."),
        _("Nästa gång {moment}.", moment=instant(at)) if at else _("Ingen körning är planerad."),
        "late" if at is None or (last is not None and last.state in ("FAILED", "CRASHED")) else "ok",
    )


def _mail(settings: Settings) -> list[str]:
    """Which addresses mail is sent from and read at, or what nobody has chosen yet."""
    sender, replies = settings.smtp_sender, settings.imap_address or settings.smtp_sender
    return [
        _("Mejl skickas från {address}.", address=sender)
        if settings.mail_configured
        else _("Ingen mejlserver är inställd. Mejlen stannar i Utkorg."),
        _("Svar på mejl läses i brevlådan {address}.", address=replies)
        if settings.inbox_configured
        else _("Ingen brevlåda är inställd. Ingen läser svar på mejlen."),
    ]


def _backup(settings: Settings, real_now: datetime) -> str:
    """How old the newest backup is that was restored to scratch and found whole."""
    last = last_verified(settings.data_dir)
    if last is None:
        return _("Ingen säkerhetskopia har prövats ännu.")
    made = datetime.fromisoformat(last.created)
    hours = max(0, int((real_now - made).total_seconds() // 3600))
    age = (
        ngettext("en timme gammal", "{count} timmar gammal", hours)
        if hours < 48
        else _("{count} dagar gammal", count=hours // 24)
    )
    return _("Senaste prövade säkerhetskopia: {moment}, {age}.", moment=instant(made), age=age)
