"""What the pages of one dialogue show: the round with its meetings and guests, its tabs, and what to do next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.cases import dialogue_invite, dialogue_notes
from service.cases.dialogue_hold import Turnout, turnout
from service.cases.dialogue_mail import clock, where
from service.pages.rendering import NavLink, Paths, date_long, render, see_other
from service.store.dialogue import Invited, actions_of, agenda_of, findings_of, invited, meetings_of
from service.store.dialogues import answers_of, seen
from service.store.tables import AgendaItem, DialogueRound, DialogueSeries, Meeting, Organisation
from service.web import Visiting, status_of
from states import dialogue as rule
from states.access import Operation, Relation, may
from states.calendar import TZ, civil
from states.dialogue import Kind, MeetingStatus, State
from states.errors import AlreadyDone, Blocked, Invalid, NotAllowed, NotFound, Reason, Refused, Stale
from states.labels import label
from states.said import Said, _, ngettext

TONES = {
    State.draft: "note",
    State.invited: "wait",
    State.rsvp_closed: "act",
    State.held: "act",
    State.summarised: "wait",
    State.closed: "ok",
    State.cancelled: "out",
}

Refusal = Invalid | Blocked | Stale | NotAllowed | AlreadyDone | Refused
REFUSALS = (Invalid, Blocked, Stale, NotAllowed, AlreadyDone, Refused)


@dataclass(frozen=True, slots=True)
class Sitting:
    """One meeting with its agenda, its guests and, once it was held, who came."""

    row: Meeting
    agenda: Sequence[AgendaItem]
    guests: Sequence[Invited]
    turnout: Turnout | None

    @property
    def when(self) -> Said:
        return self._when(date_long(civil(self.row.starts_at)))

    @property
    def heading(self) -> Said:
        """The same, where it stands first."""
        day = date_long(civil(self.row.starts_at))
        return self._when(day[:1].upper() + day[1:])

    def _when(self, day: str) -> Said:
        return _("{day}, klockan {time}", day=day, time=clock(self.row))

    @property
    def where(self) -> str:
        return where(self.row)

    @property
    def minutes(self) -> int:
        return rule.minutes(self.row.starts_at, self.row.ends_at)

    @property
    def points(self) -> list[tuple[str, AgendaItem]]:
        """Each point of the agenda with the time it begins."""
        items = [rule.Item(i.title, i.minutes) for i in self.agenda]
        times = rule.starts(self.row.starts_at, items)
        return [(f"{at.astimezone(TZ):%H.%M}", item) for at, item in zip(times, self.agenda, strict=True)]

    @property
    def wrong(self) -> tuple[Reason, ...]:
        """Why the agenda cannot be sent as it is."""
        items = [rule.Item(i.title, i.minutes) for i in self.agenda]
        return rule.missing_in_agenda(self.row.starts_at, self.row.ends_at, items)


@dataclass(frozen=True, slots=True)
class Shown:
    """A round as its region sees it."""

    row: DialogueRound
    region: Organisation
    series: DialogueSeries | None
    sittings: Sequence[Sitting]
    guests: Sequence[Invited]
    answered: int
    findings: int
    actions: int
    to_invite: tuple[Reason, ...]
    to_close: tuple[Reason, ...]
    may_edit: bool
    now: datetime

    @property
    def written(self) -> bool:
        """A consultation is answered in writing."""
        return self.row.kind is Kind.consultation

    @property
    def label(self) -> Said:
        return label(self.row.state)

    @property
    def tone(self) -> str:
        return TONES[self.row.state]

    @property
    def begun(self) -> list[Sitting]:
        """Meetings whose attendance can be written down."""
        return [s for s in self.sittings if s.row.starts_at <= self.now and s.row.state is not MeetingStatus.cancelled]

    @property
    def left(self) -> list[Sitting]:
        return [s for s in self.sittings if s.row.state is MeetingStatus.scheduled]


@dataclass(frozen=True, slots=True)
class Next:
    """What happens now: tone, lead, more; `href` leads there, `action` is one button."""

    tone: str
    lead: str
    text: str = ""
    href: str = ""
    button: str = ""
    action: str = ""
    reasons: Sequence[Reason] = ()


def load(visit: Visiting, round_id: UUID) -> Shown:
    """The round for one of its region; NotFound for everybody else, also for the invited."""
    with visit.read() as session:
        row, of_region = seen(session, visit.actor, round_id)
        if not of_region:
            raise NotFound
        return shown(session, visit, row)


def load_to_edit(visit: Visiting, round_id: UUID) -> Shown:
    """The same, for those who may change it."""
    found = load(visit, round_id)
    if not found.may_edit:
        raise NotFound
    return found


def shown(session: Session, visit: Visiting, row: DialogueRound) -> Shown:
    guests = invited(session, row.id)
    by_meeting: dict[UUID | None, list[Invited]] = {}
    for one in guests:
        by_meeting.setdefault(one.row.meeting_id, []).append(one)
    written = {answer.organisation_id for answer, _whose in answers_of(session, row.id)}
    answered = [g for g in guests if g.row.reply is not None or (g.row.meeting_id is None and g.organisation.id in written)]
    return Shown(
        row=row,
        region=session.get_one(Organisation, row.region_id),
        series=session.get(DialogueSeries, row.series_id) if row.series_id else None,
        sittings=[sitting(session, m, by_meeting.get(m.id, [])) for m in meetings_of(session, row.id)],
        guests=guests,
        answered=len(answered),
        findings=len(findings_of(session, row.id)),
        actions=len(actions_of(session, row.id)),
        to_invite=tuple(r for r in dialogue_invite.missing(session, visit.now, row) if r.code != "nobody"),
        to_close=dialogue_notes.missing(session, visit.now, row),
        may_edit=may(Operation.edit_dialogue, visit.actor.role, Relation.region),
        now=visit.now,
    )


def sitting(session: Session, meeting: Meeting, guests: Sequence[Invited]) -> Sitting:
    there = turnout(session, meeting) if meeting.state is MeetingStatus.held else None
    return Sitting(meeting, agenda_of(session, meeting.id), guests, there)


def tabs(request: Request, s: Shown) -> list[tuple[str, str, bool]]:
    """The pages of a round: text, address, whether it is this one."""
    paths, here = Paths(request), request.url.path
    first = s.sittings[0].row.id if s.sittings else None
    possible = [
        (_("Läget"), paths("dialogue", round_id=s.row.id)),
        (_("Inbjudna"), paths("dialogue_guests", round_id=s.row.id)),
        (_("Dagordning"), paths("agenda", meeting_id=first) if first else ""),
        (_("Svar"), paths("consultation_answers", round_id=s.row.id) if s.written else ""),
        (_("Närvaro"), paths("attendance", meeting_id=s.begun[0].row.id) if s.begun else ""),
        (_("Inspel"), paths("dialogue_findings", round_id=s.row.id)),
        (_("Åtgärder"), paths("dialogue_actions", round_id=s.row.id)),
        (_("Anteckningar"), paths("dialogue_notes", round_id=s.row.id)),
    ]
    return [(text, href, href == here) for text, href in possible if href]


def next_step(request: Request, s: Shown) -> Next:
    """What the region does next with a round."""
    return _STEPS[s.row.state](Paths(request), s)


def _draft(paths: Paths, s: Shown) -> Next:
    if s.to_invite:
        lead = _("Utkast. Det här behövs innan inbjudan kan skickas.")
        return Next("act", lead, reasons=s.to_invite, href=paths("dialogue_plan", round_id=s.row.id), button=_("Ändra planen"))
    return Next(
        "act",
        _("Planen är klar. Nu kan ni bjuda in."),
        href=paths("dialogue_guests", round_id=s.row.id),
        button=_("Välj vilka som bjuds in"),
    )


def _invited(paths: Paths, s: Shown) -> Next:
    due = date_long(s.row.rsvp_due) if s.row.rsvp_due else ""
    count = _("{answered} av {invited} har svarat.", answered=s.answered, invited=len(s.guests))
    lead = (
        _("Remissen är ute. Svar önskas senast {day}.", day=due)
        if s.written
        else _("Inbjudan är skickad. Svar önskas senast {day}.", day=due)
    )
    if s.begun:
        return _attendance(paths, s)
    return Next("wait", lead, count, paths("dialogue_guests", round_id=s.row.id), _("Se svaren"))


def _rsvp_closed(paths: Paths, s: Shown) -> Next:
    holding = paths("dialogue_holding", round_id=s.row.id)
    if s.written:
        count = ngettext("Ett svar har kommit in.", "{count} svar har kommit in.", s.answered)
        text = _("Läs svaren och skriv in vad de säger som inspel. Stäng sedan remissen.")
        return Next("act", _("Svarstiden är slut. {count}", count=count), text, action=holding, button=_("Stäng remissen"))
    if not s.left:
        return Next("act", _("Mötet är genomfört och närvaron är inskriven."), action=holding, button=_("Markera som genomförd"))
    if s.begun and s.begun[-1].row.state is MeetingStatus.scheduled:
        return _attendance(paths, s)
    upcoming = s.left[0]
    coming = sum(g.row.reply is not None and g.row.reply is not rule.Reply.no for g in upcoming.guests)
    said = ngettext("En kommer.", "{count} kommer.", coming)
    return Next("wait", _("Anmälan är stängd. Mötet är {when}.", when=upcoming.when), said)


def _attendance(paths: Paths, s: Shown) -> Next:
    first = next((x for x in s.begun if x.row.state is MeetingStatus.scheduled), s.begun[0])
    return Next(
        "act",
        _("Mötet har varit. Skriv in vilka som kom."),
        "",
        paths("attendance", meeting_id=first.row.id),
        _("Skriv in närvaron"),
    )


def _held(paths: Paths, s: Shown) -> Next:
    text = _("Inskrivet hittills: {findings} inspel, {actions} åtgärder.", findings=s.findings, actions=s.actions)
    lead = _("Skriv in inspel och åtgärder, och skicka sedan ut anteckningarna.")
    return Next("act", lead, text, paths("dialogue_notes", round_id=s.row.id), _("Till anteckningarna"))


def _summarised(paths: Paths, s: Shown) -> Next:
    closing = paths("dialogue_closure", round_id=s.row.id)
    until = date_long(s.row.comments_until) if s.row.comments_until else ""
    if s.to_close:
        lead = _("Anteckningarna är ute. Synpunkter kan lämnas till och med {day}.", day=until)
        return Next("wait", lead, _("Det här återstår innan dialogen kan avslutas:"), reasons=s.to_close)
    return Next("act", _("Allt har fått sin plats. Dialogen kan avslutas."), action=closing, button=_("Avsluta dialogen"))


def _closed(_paths: Paths, s: Shown) -> Next:
    return Next("ok", _("Dialogen är avslutad."), _("Åtgärderna följs upp i nästa omgång.") if s.series else "")


def _cancelled(_paths: Paths, s: Shown) -> Next:
    return Next("out", _("Dialogen är inställd."), s.row.ended_reason)


_STEPS: Mapping[State, Callable[[Paths, Shown], Next]] = {
    State.draft: _draft,
    State.invited: _invited,
    State.rsvp_closed: _rsvp_closed,
    State.held: _held,
    State.summarised: _summarised,
    State.closed: _closed,
    State.cancelled: _cancelled,
}


def page(
    request: Request, visit: Visiting, s: Shown, template: str, *, refused: Refusal | None = None, **context: Any
) -> HTMLResponse:
    """One of a round's pages, or the same again with what was typed and why it was not taken."""
    return render(
        request,
        f"dialogues/{template}.html",
        status=status_of(refused) if refused else 200,
        s=s,
        tabs=tabs(request, s),
        crumbs=[NavLink(_("Dialoger"), Paths(request)("dialogues"))],
        errors=refused.fields if isinstance(refused, Invalid) else (),
        warnings=reasons(refused),
        unsaved=refused is not None,
        said=_SAID.get(request.query_params.get("klart", ""), "") if refused is None else "",
        labelled=label,
        key=visit.new_key(),
        **context,
    )


def reasons(refused: Refusal | None) -> Sequence[Reason]:
    """Why not, apart from what stands at the fields."""
    if refused is None or isinstance(refused, Invalid):
        return ()
    return refused.reasons if isinstance(refused, Blocked) else (Reason(refused.code, refused.message),)


def back(request: Request, name: str, done: str, **ids: object) -> Response:
    """To a page of the round after a change, which it says."""
    return see_other(request, f"{Paths(request)(name, **ids)}?{urlencode({'klart': done})}")


_SAID = {
    "planerad": _("Dialogen är planerad. Ingen utanför regionen ser den än."),
    "andrad": _("Planen är ändrad."),
    "dagordning": _("Dagordningen är sparad."),
    "inbjudna": _("Inbjudningarna är på väg ut."),
    "flyttat": _("Mötet är flyttat. Alla inbjudna får ett mejl och svarar igen."),
    "installt": _("Mötet är inställt. Alla inbjudna får ett mejl."),
    "svarat": _("Svaret är sparat."),
    "narvaro": _("Närvaron är sparad."),
    "genomford": _("Dialogen är genomförd."),
    "inspel": _("Inspelet är sparat."),
    "kopplat": _("Inspelet är kopplat."),
    "atgard": _("Åtgärden är sparad."),
    "gjort": _("Åtgärden är klar."),
    "utskickat": _("Anteckningarna är på väg ut till alla som var inbjudna."),
    "synpunkt": _("Tack. Synpunkten är sparad."),
    "remissvar": _("Tack. Ert svar är sparat."),
    "avslutad": _("Dialogen är avslutad."),
}
