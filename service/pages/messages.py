"""Utkorg: what is on its way, sent, refused, stopped or never written, each with its reason, and next week's reminders."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.cases import forecast
from service.cases.deliver import ASSIGNMENT_ENDED, EXPIRED, text_with_secrets
from service.cases.messages import keep, message_for, send_again, within
from service.pages.rendering import Paths, date_long, instant, render, see_other
from service.post.letters import CODE, LINK, SITE
from service.store import mailbox
from service.store.tables import Message, Reminder
from service.web import Typed, Visit, Visiting, permit
from states.access import Operation, Relation, may
from states.calendar import civil
from states.labels import label
from states.message import State
from states.reminders import SKIP_WORDS, Purpose, SkipReason, Status
from states.said import _, joined, ngettext

router = APIRouter(include_in_schema=False)

WEEK, MONTH = 7, 30


class Box(StrEnum):
    """The parts of the page, by the word in the address."""

    waiting = "pa-vag"
    sent = "skickat"
    failed = "fel"
    stopped = "stoppat"
    unwritten = "uteblivet"
    plan = "plan"


_STATES = {
    Box.waiting: (State.queued,),
    Box.sent: (State.sent, State.delivered),
    Box.failed: (State.failed, State.bounced),
    Box.stopped: (State.suppressed,),
}
_NAMES = {
    Box.waiting: _("På väg"),
    Box.sent: _("Skickat"),
    Box.failed: _("Kunde inte skickas"),
    Box.stopped: _("Stoppat"),
    Box.unwritten: _("Uteblivna påminnelser"),
    Box.plan: _("Nästa vecka"),
}
_EMPTY = {
    Box.waiting: _("Inga mejl är på väg ut."),
    Box.sent: _("Inga mejl har skickats ännu."),
    Box.failed: _("Alla mejl har gått att skicka."),
    Box.stopped: _("Inga mejl har stoppats."),
    Box.unwritten: _("Ingen påminnelse har uteblivit."),
    Box.plan: _("Inga påminnelser är planerade nästa vecka."),
}
_WHY = {
    ASSIGNMENT_ENDED: _("Stoppat: mottagarens uppdrag har upphört."),
    EXPIRED: _("Stoppat: koden hade hunnit bli för gammal."),
    "recalled": _("Stoppat: svaret togs tillbaka innan mejlet gick."),
    "superseded": _("Stoppat: det ersattes av ett nyare mejl."),
}
_TONES = {State.queued: "act", State.failed: "late", State.bounced: "late", State.suppressed: "out", State.delivered: "ok"}
_SAID = {
    "hallet": _("Mejlet hålls kvar."),
    "slappt": _("Mejlet är släppt och skickas när det är dags."),
    "igen": _("Mejlet skickas igen."),
}
PURPOSES = {
    Purpose.answer: _("Påminnelse om att svara"),
    Purpose.rsvp: _("Påminnelse om att svara på en inbjudan"),
    Purpose.papers: _("Påminnelse om handlingar till nämnden"),
    Purpose.outcome: _("Påminnelse om att skriva in beslutet"),
    Purpose.signature: _("Påminnelse om att skriva under"),
    Purpose.report_back: _("Påminnelse om att anmäla delegationsbeslutet"),
    Purpose.confirm_contact: _("Fråga om kontaktpersonen är densamma"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as a line: what, to whom, when, and why it is not sent."""

    title: str
    href: str
    meta: tuple[str, ...]
    tone: str
    label: str
    hint: str


@router.get("/utkorg", name="messages")
@permit(Operation.view_messages)
def outbox(request: Request, visit: Visit) -> HTMLResponse:
    asked, paths = request.query_params.get("visa", ""), Paths(request)
    box = Box(asked) if asked in set(Box) else Box.waiting
    days = MONTH if request.query_params.get("dagar") == str(MONTH) else WEEK
    with visit.read() as session:
        counts = mailbox.counts(session, within(visit.actor))
        found = mailbox.listed(session, within(visit.actor), _STATES[box], _before(request)) if box in _STATES else []
        planned = forecast.plan(session, visit.now, days, visit.actor.organisation) if box is Box.plan else []
        unwritten = mailbox.unwritten(session, visit.actor) if box is Box.unwritten else []
    older = f"{paths('messages')}?visa={box}&fore={found[mailbox.PAGE - 1].id}" if len(found) > mailbox.PAGE else ""
    return render(
        request,
        "messages/outbox.html",
        views=[_view(paths, each, box, counts) for each in Box],
        heading=_("De närmaste 30 dagarna") if box is Box.plan and days == MONTH else _NAMES[box],
        empty=_("Inga påminnelser är planerade de närmaste 30 dagarna.") if days == MONTH else _EMPTY[box],
        entries=[
            *(_entry(message, paths) for message in found[: mailbox.PAGE]),
            *(_planned(one, paths) for one in planned),
            *(_unwritten(*one, paths) for one in unwritten),
        ],
        older=older,
        plan=box is Box.plan,
        spans=[
            (_("7 dagar"), f"{paths('messages')}?visa={Box.plan}", days == WEEK),
            (_("30 dagar"), f"{paths('messages')}?visa={Box.plan}&dagar={MONTH}", days == MONTH),
        ],
        without_mail=not visit.settings.smtp_host,
        where=visit.organisation,
    )


@router.get("/utkorg/{message_id:uuid}", name="message")
@permit(Operation.view_messages)
def show(request: Request, visit: Visit, message_id: UUID) -> HTMLResponse:
    """A message as its reader gets it, but for link and code, which stand in no row."""
    with visit.read() as session:
        message = message_for(session, visit.actor, Operation.view_messages, message_id)
    body = _demo_text(visit, message_id) if visit.settings.demo else _without_secrets(message.body, visit)
    allowed = may(Operation.edit_messages, visit.actor.role, Relation.region)
    return render(
        request,
        "messages/message.html",
        message=message,
        entry=_entry(message, Paths(request)),
        mail={
            "sender": visit.settings.smtp_sender,
            "to": f"{message.recipient_name} <{message.recipient}>",
            "date": instant(message.sent_at or message.written_at),
            "subject": message.subject,
            "body": body,
        },
        may_hold=allowed and message.state is State.queued,
        may_resend=allowed and message.state in _STATES[Box.failed],
        said=_SAID.get(request.query_params.get("klart", ""), ""),
        where=visit.organisation,
        key=visit.new_key(),
    )


@router.post("/utkorg/{message_id:uuid}/hallande", name="message_hold")
@permit(Operation.edit_messages)
def hold(request: Request, visit: Visit, message_id: UUID, typed: Typed) -> Response:
    held = typed.get("held") == "1"
    with visit.write() as session:
        keep(session, visit.actor, visit.now, message_id, held=held, version=visit.version(typed))
    return _back(request, message_id, "hallet" if held else "slappt")


@router.post("/utkorg/{message_id:uuid}/omsandning", name="resending")
@permit(Operation.edit_messages)
def resend(request: Request, visit: Visit, message_id: UUID, typed: Typed) -> Response:
    with visit.write() as session:
        send_again(session, visit.actor, visit.now, visit.real_now, message_id, version=visit.version(typed))
    return _back(request, message_id, "igen")


def why(message: Message) -> str:
    """Why a message is not on its way, in words; a mail server's own words stand as they came."""
    if message.state is State.queued and message.held:
        return _("Hålls kvar tills någon släpper det.")
    if message.state is State.queued and message.attempts and message.reason:
        return ngettext("Försökt en gång. {reason}", "Försökt {count} gånger. {reason}", message.attempts, reason=message.reason)
    if message.state is not State.suppressed:
        return message.reason
    if message.reason in set(SkipReason) - {SkipReason.assignment_ended}:
        return SKIP_WORDS[SkipReason(message.reason)]
    return _WHY.get(message.reason, message.reason)


def _entry(message: Message, paths: Paths) -> Entry:
    held = message.state is State.queued and message.held
    when = (
        _("Skickat {moment}", moment=instant(message.sent_at))
        if message.sent_at
        else _("Skrivet {moment}", moment=instant(message.written_at))
    )
    return Entry(
        title=message.subject,
        href=paths("message", message_id=message.id),
        meta=(_("Till {recipient}", recipient=message.recipient_name or message.recipient), when),
        tone="note" if held else _TONES.get(message.state, ""),
        label=_("Hålls kvar") if held else label(message.state) if message.state in _TONES else "",
        hint=why(message),
    )


def _planned(one: forecast.Planned, paths: Paths) -> Entry:
    skipped = one.status is Status.skipped
    return Entry(
        title=joined(", ", (PURPOSES[one.purpose], one.organisation)),
        href=paths("agreement", agreement_id=one.agreement_id) if one.agreement_id else "",
        meta=(date_long(one.on), _("Till {recipient}", recipient=one.recipient) if one.recipient else _("Ingen mottagare")),
        tone="out" if skipped else "act",
        label=_("Skickas inte") if skipped else _("Planerad"),
        hint=joined(" ", one.why),
    )


def _unwritten(row: Reminder, organisation: str, name: str, paths: Paths) -> Entry:
    reader = _("Till {recipient}", recipient=name) if name else _("Ingen mottagare")
    return Entry(
        title=joined(", ", (PURPOSES[Purpose(row.purpose)], organisation)) if organisation else PURPOSES[Purpose(row.purpose)],
        href=paths("agreement", agreement_id=row.agreement_id) if row.agreement_id else "",
        meta=(date_long(row.planned_on or civil(row.at)), reader),
        tone="out",
        label=_("Skickas inte"),
        hint=SKIP_WORDS[SkipReason(row.outcome)],
    )


def _view(paths: Paths, box: Box, current: Box, counts: dict[State, int]) -> tuple[str, str, bool]:
    count = sum(counts.get(state, 0) for state in _STATES.get(box, ()))
    name = _("{box} ({count})", box=_NAMES[box], count=count) if box in _STATES else _NAMES[box]
    return name, f"{paths('messages')}?visa={box}", box is current


def _before(request: Request) -> UUID | None:
    try:
        return UUID(request.query_params.get("fore", ""))
    except ValueError:
        return None


def _without_secrets(body: str, visit: Visiting) -> str:
    return body.replace(LINK, _("[personlig länk]")).replace(CODE, "[kod]").replace(SITE, visit.settings.base_url)


def _demo_text(visit: Visiting, message_id: UUID) -> str:
    """The whole text with a link and code that work, which has to write; only in the demonstration, where nobody gets mail."""
    with visit.store.write() as session:
        message = message_for(session, visit.actor, Operation.view_messages, message_id)
        return text_with_secrets(session, visit.keys, message, visit.settings.base_url, visit.real_now)


def _back(request: Request, message_id: UUID, done: str) -> Response:
    return see_other(request, f"{Paths(request)('message', message_id=message_id)}?klart={done}")
