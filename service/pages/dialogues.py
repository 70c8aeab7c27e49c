"""Dialoger: the region's series and rounds with what waits; for everybody else the invitations they have got."""

from collections.abc import Mapping
from datetime import datetime, time
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.cases import dialogue as cases
from service.cases.dialogue_mail import clock
from service.pages.dialogue_view import TONES, next_step, shown
from service.pages.rendering import Paths, date_long, date_short, render, see_other
from service.pages.steps import Field, Step, day, refused_step, step_page
from service.store.dialogue import invitations_of
from service.store.dialogues import Listed, listed, own_actions, rounds_of, series_of
from service.store.overview import programmes
from service.store.tables import ActionItem, DialogueRound, DialogueSeries, Meeting, Organisation
from service.web import Form, Typed, Visit, Visiting, permit
from states import rhythm
from states.access import Operation, Relation, may
from states.calendar import at, civil
from states.dialogue import NOTED, OPEN, Kind, State
from states.errors import FieldError, Invalid
from states.labels import label
from states.parties import OrganisationKind
from states.said import Said, _, ngettext

router = APIRouter(include_in_schema=False)

WEEKDAYS = (
    _("måndagen"),
    _("tisdagen"),
    _("onsdagen"),
    _("torsdagen"),
    _("fredagen"),
    _("lördagen"),
    _("söndagen"),
)
WEEKS = (_("första"), _("andra"), _("tredje"), _("fjärde"), _("sista"))
MONTHS = (
    _("januari"),
    _("februari"),
    _("mars"),
    _("april"),
    _("maj"),
    _("juni"),
    _("juli"),
    _("augusti"),
    _("september"),
    _("oktober"),
    _("november"),
    _("december"),
)

_GROUPS = (
    (_("Framför oss"), (State.draft, *OPEN)),
    (_("Efter mötet"), NOTED),
    (_("Avslutade"), (State.closed, State.cancelled)),
)


@router.get("/dialoger", name="dialogues")
@permit(Operation.view_dialogue)
def all_of_them(request: Request, visit: Visit) -> Response:
    if may(Operation.view_dialogue, visit.actor.role, Relation.region) and _of_a_region(visit):
        return _region(request, visit)
    return _invited(request, visit)


@router.get("/dialoger/ny", name="new_dialogue")
@permit(Operation.edit_dialogue)
def ask_for_plan(request: Request, visit: Visit) -> Response:
    return step_page(request, visit, _new(request, visit))


@router.post("/dialoger/ny")
@permit(Operation.edit_dialogue)
def plan_dialogue(request: Request, visit: Visit, typed: Typed) -> Response:
    """A draft with its first meeting; nobody is told."""
    step = _new(request, visit)
    try:
        wanted = _plan(typed)
        with visit.write() as session:
            programme = _one(typed.get("programme", ""), "programme")
            row = cases.create_round(session, visit.actor, visit.now, wanted, programme=programme)
            path = Paths(request)("dialogue", round_id=row.id)
    except Invalid as refused:
        return refused_step(request, visit, step, typed, refused)
    return see_other(request, f"{path}?klart=planerad")


@router.get("/dialoger/serier/ny", name="new_dialogue_series")
@permit(Operation.edit_dialogue)
def ask_for_series(request: Request, visit: Visit) -> Response:
    return step_page(request, visit, _new_series(request, visit))


@router.post("/dialoger/serier/ny")
@permit(Operation.edit_dialogue)
def begin_series(request: Request, visit: Visit, typed: Typed) -> Response:
    step = _new_series(request, visit)
    try:
        with visit.write() as session:
            cases.create_series(
                session,
                visit.actor,
                visit.now,
                typed.get("name", ""),
                _kind(typed),
                programme=_one(typed.get("programme", ""), "programme"),
                groups=lines(typed.get("groups", "")),
                rhythm=_rhythm(typed),
            )
    except Invalid as refused:
        return refused_step(request, visit, step, typed, refused)
    return see_other(request, f"{Paths(request)('dialogues')}?klart=serien")


def lines(text: str) -> list[str]:
    """What was typed one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def moment(typed: Mapping[str, str], name: str, on: str = "day") -> datetime:
    """A day and a time as their fields send them, in Stockholm."""
    date = day(typed, on)
    try:
        return at(date, time.fromisoformat(typed.get(name, "").strip().replace(".", ":").zfill(5)))
    except ValueError:
        raise Invalid(
            FieldError(name, "not-a-time", _("Skriv klockslaget som timmar och minuter, till exempel 09.30."))
        ) from None


def meeting_plan(typed: Mapping[str, str]) -> cases.MeetingPlan:
    """A meeting as typed in the fields of `meeting_fields`."""
    capacity = typed.get("capacity", "").strip()
    if capacity and not (capacity.isascii() and capacity.isdigit() and len(capacity) < 6):
        raise Invalid(FieldError("capacity", "number", _("Skriv antalet platser som en siffra, eller lämna tomt.")))
    return cases.MeetingPlan(
        moment(typed, "starts"),
        moment(typed, "ends"),
        typed.get("place", ""),
        remote=typed.get("remote") == "1",
        capacity=int(capacity) if capacity else None,
    )


def meeting_fields(meeting: Meeting | None = None) -> tuple[Field, ...]:
    """When, where and how many."""
    times = clock(meeting).split("–") if meeting else ["", ""]
    return (
        Field("day", _("Dag"), civil(meeting.starts_at).isoformat() if meeting else "", kind="date", width="date"),
        Field("starts", _("Börjar klockan"), times[0], _("Till exempel 09.30"), width="short"),
        Field("ends", _("Slutar klockan"), times[1], _("Till exempel 15.00"), width="short"),
        Field("place", _("Plats"), meeting.place if meeting else "", optional=True),
        Field(
            "remote",
            _("På distans"),
            "1" if meeting and meeting.remote else "",
            kind="check",
            options=(("1", _("Det går att delta på distans")),),
        ),
        Field(
            "capacity",
            _("Antal platser i rummet"),
            str(meeting.capacity) if meeting and meeting.capacity else "",
            _("De som svarar när rummet är fullt står i kö."),
            width="short",
            optional=True,
        ),
    )


def rhythm_words(series: DialogueSeries) -> Said:
    """Such as "Varje år, tredje torsdagen i november"."""
    if series.every is None:
        return _("Dagarna sätts för hand")
    values = {"every": label(series.every), "week": WEEKS[series.week - 1], "weekday": WEEKDAYS[series.weekday]}
    if series.month is None:
        return _("{every}, {week} {weekday}", **values)
    return _("{every}, {week} {weekday} i {month}", **values, month=MONTHS[series.month - 1])


def _of_a_region(visit: Visiting) -> bool:
    """Whether the person looks as one of the region's own."""
    with visit.read() as session:
        own = session.get(Organisation, visit.actor.organisation)
    return own is not None and own.kind is OrganisationKind.region


def _region(request: Request, visit: Visiting) -> Response:
    paths = Paths(request)
    with visit.read() as session:
        found = rounds_of(session, visit.actor)
        edits = may(Operation.edit_dialogue, visit.actor.role, Relation.region)
        wanted = _waiting(request, session, visit, found) if edits else []
        series = [_series(visit, paths, one, found) for one in series_of(session, visit.actor)]
    groups = [(words, [_line(one, paths) for one in found if one.round.state in states]) for words, states in _GROUPS]
    return render(
        request,
        "dialogues/all.html",
        where=visit.organisation,
        wanted=wanted,
        groups=[
            (words, rows[::-1] if number == len(groups) - 1 else rows) for number, (words, rows) in enumerate(groups) if rows
        ],
        series=series,
        may_edit=edits,
        said=_("Serien är tillagd.") if request.query_params.get("klart") == "serien" else "",
    )


def _waiting(request: Request, session: Session, visit: Visiting, found: list[Listed]) -> list[dict[str, object]]:
    """What the strategist is to do about each round that does not rest on somebody else."""
    paths = Paths(request)
    tasks: list[dict[str, object]] = []
    for one in found:
        if one.round.state in (State.closed, State.cancelled):
            continue
        step = next_step(request, shown(session, visit, one.round))
        if step.tone == "act":
            href = step.href or paths("dialogue", round_id=one.round.id)
            tasks.append(
                {
                    "title": one.round.title,
                    "href": href,
                    "meta": _facts(one),
                    "hint": step.reasons[0].message if step.reasons else step.lead,
                    "tone": "act",
                }
            )
    return tasks


def _line(one: Listed, paths: Paths) -> dict[str, object]:
    state = one.round.state
    return {
        "title": one.round.title,
        "href": paths("dialogue", round_id=one.round.id),
        "meta": _facts(one),
        "tone": TONES[state],
        "label": label(state),
    }


def _facts(one: Listed) -> list[str]:
    number = [_("Omgång {number}", number=one.round.number)] if one.round.number else []
    found: list[str] = [label(one.round.kind), *number, *([date_long(one.day)] if one.day else [])]
    if one.invited:
        found.append(_("{answered} av {invited} har svarat", answered=one.answered, invited=one.invited))
    return found


def _series(visit: Visiting, paths: Paths, series: DialogueSeries, rounds: list[Listed]) -> dict[str, object]:
    mine = [one for one in rounds if one.series and one.series.id == series.id]
    pace = cases.rhythm_of(series)
    last = max((one.day for one in mine if one.day), default=civil(visit.now))
    soon = rhythm.proposed(pace, max(last, civil(visit.now))) if pace else None
    return {
        "id": series.id,
        "title": series.name,
        "href": "",
        "meta": [
            label(series.kind),
            rhythm_words(series),
            *([", ".join(series.groups)] if series.groups else []),
            ngettext("En omgång", "{count} omgångar", len(mine)),
        ],
        "hint": _("Rytmen föreslår {day} nästa gång. Dagen är bara ett förslag.", day=date_long(soon)) if soon else "",
        "plan": f"{paths('new_dialogue')}?serie={series.id}" + (f"&dag={soon.isoformat()}" if soon else ""),
    }


def _invited(request: Request, visit: Visiting) -> Response:
    """What somebody was invited to: what waits for an answer first."""
    paths = Paths(request)
    with visit.read() as session:
        invitations = invitations_of(session, visit.actor)
        wanted = {i.round_id for i in invitations if i.assignment_id == visit.actor.assignment and i.reply is None}
        rows = [session.get_one(DialogueRound, one) for one in {i.round_id for i in invitations}]
        found = listed(session, [row for row in rows if row.state is not State.draft])
        actions = own_actions(session, visit.actor)
    waits = [one for one in found if one.round.state is State.invited and one.round.id in wanted]
    return render(
        request,
        "dialogues/mine.html",
        where=visit.organisation,
        waits=[_own(one, paths) for one in waits],
        others=[_own(one, paths) for one in found if one not in waits],
        actions=[_own_action(action, row) for action, row in actions],
        said=_("Åtgärden är klar.") if request.query_params.get("klart") == "gjort" else "",
        key=visit.new_key(),
    )


def _own(one: Listed, paths: Paths) -> dict[str, object]:
    due = one.round.rsvp_due if one.round.state is State.invited else None
    meta = [date_long(one.day)] if one.day and one.meetings else []
    return {
        "title": one.round.title,
        "href": paths("dialogue", round_id=one.round.id),
        "meta": [*meta, *([_("Svara senast {day}", day=date_short(due))] if due else [])],
        "tone": TONES[one.round.state],
        "label": label(one.round.state),
    }


def _own_action(action: ActionItem, row: DialogueRound) -> dict[str, object]:
    due = [_("Klart senast {day}", day=date_short(action.due))] if action.due else []
    return {"id": action.id, "title": action.text, "meta": [row.title, *due], "version": action.version}


def _new(request: Request, visit: Visiting) -> Step:
    paths, asked = Paths(request), request.query_params
    with visit.read() as session:
        series = [(str(s.id), s.name) for s in series_of(session, visit.actor)]
        chosen = next((s for s in series_of(session, visit.actor) if str(s.id) == asked.get("serie")), None)
        plans = [(str(p.id), p.name) for p, _count in programmes(session, visit.actor)]
    times = tuple(
        Field(f.name, f.label, asked.get("dag", "") if f.name == "day" else f.value, f.hint, f.kind, width=f.width,
              optional=f.optional, options=f.options)
        for f in meeting_fields()
    )  # fmt: skip
    kind = chosen.kind if chosen else Kind.dialogue
    return Step(
        heading=_("Planera en dialog"),
        where=visit.organisation,
        back=paths("dialogues"),
        back_label=_("Dialoger"),
        action=paths("new_dialogue"),
        button=_("Spara utkastet"),
        intro=_("Ingen bjuds in förrän du säger till. Dagordningen skriver du efteråt."),
        fields=(
            Field("title", _("Vad heter dialogen?"), chosen.name if chosen else ""),
            _kinds(kind),
            *((_choice("series", _("Serie"), series, str(chosen.id) if chosen else "", _("Ingen serie")),) if series else ()),
            *((_choice("programme", _("Plan"), plans, str(plans[0][0]), _("Ingen plan")),) if plans else ()),
            Field("sector", _("Ämne"), optional=True, hint=_("Till exempel scenkonst. Används i uppföljningen.")),
            Field("questions", _("Frågor till deltagarna"), rows=4, optional=True, hint=_("En fråga per rad.")),
            Field("rsvp_due", _("Svar önskas senast"), kind="date", width="date", optional=True),
            *times,
        ),
    )


def _new_series(request: Request, visit: Visiting) -> Step:
    paths = Paths(request)
    with visit.read() as session:
        plans = [(str(p.id), p.name) for p, _count in programmes(session, visit.actor)]
    never = _("Ingen rytm, dagarna sätts för hand")
    return Step(
        heading=_("Lägg till en serie"),
        where=visit.organisation,
        back=paths("dialogues"),
        back_label=_("Dialoger"),
        action=paths("new_dialogue_series"),
        button=_("Lägg till serien"),
        intro=_("En serie är dialoger som återkommer. Rytmen föreslår bara dagar, du bestämmer dem."),
        fields=(
            Field("name", _("Vad heter serien?")),
            _kinds(Kind.dialogue),
            *((_choice("programme", _("Plan"), plans, plans[0][0], _("Ingen plan")),) if plans else ()),
            Field("groups", _("Vilka grupper möts?"), rows=3, optional=True, hint=_("En grupp per rad.")),
            _choice("every", _("Hur ofta?"), [(e.value, label(e)) for e in rhythm.Every], "", never),
            Field("week", _("Vecka i månaden"), "1", kind="choice", options=tuple((str(n), w) for n, w in enumerate(WEEKS, 1))),
            Field("weekday", _("Veckodag"), "3", kind="choice", options=tuple((str(n), w) for n, w in enumerate(WEEKDAYS))),
            Field("month", _("Månad"), hint=_("Månadens nummer, till exempel 11."), width="short", optional=True),
        ),
    )  # fmt: skip


def _kinds(chosen: Kind) -> Field:
    return Field("kind", _("Vad är det?"), chosen.value, kind="choice", options=tuple((k.value, label(k)) for k in Kind))


def _choice(name: str, words: str, options: list[tuple[str, str]], chosen: str, none: str) -> Field:
    return Field(name, words, chosen, kind="choice", options=(("", none), *options))


def _plan(typed: Form) -> cases.RoundPlan:
    kind = _kind(typed)
    written = kind is Kind.consultation
    return cases.RoundPlan(
        title=typed.get("title", ""),
        kind=kind,
        questions=lines(typed.get("questions", "")),
        sector=typed.get("sector", ""),
        rsvp_due=day(typed, "rsvp_due") if typed.get("rsvp_due", "").strip() else None,
        meetings=() if written or not typed.get("day", "").strip() else (meeting_plan(typed),),
        series=_one(typed.get("series", ""), "series"),
    )


def _kind(typed: Mapping[str, str]) -> Kind:
    try:
        return Kind(typed.get("kind", ""))
    except ValueError:
        raise Invalid(FieldError("kind", "unknown", _("Välj vad det är."))) from None


def _rhythm(typed: Mapping[str, str]) -> rhythm.Rhythm | None:
    if not typed.get("every"):
        return None
    month = typed.get("month", "").strip()
    try:
        return rhythm.Rhythm(
            rhythm.Every(typed["every"]),
            int(typed.get("week", "1")),
            int(typed.get("weekday", "3")),
            int(month) if month else None,
        )
    except ValueError:
        raise Invalid(FieldError("month", "number", _("Skriv månaden som en siffra från 1 till 12."))) from None


def _one(value: str, field: str) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        raise Invalid(FieldError(field, "unknown", _("Välj i listan."))) from None
