"""Planning one dialogue: what it asks, when and where, the agenda, and who is invited."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.cases import dialogue as cases
from service.cases import dialogue_time
from service.cases.dialogue_invite import GUESTS, Choice, invite, preview
from service.pages.dialogue import answer_words
from service.pages.dialogue_view import REFUSALS, Refusal, Shown, Sitting, back, load, load_to_edit, page
from service.pages.dialogues import lines, meeting_fields, meeting_plan, moment
from service.pages.rendering import Paths
from service.pages.steps import Field, Step, carry_out, day, step_page
from service.store.dialogues import guests_to_choose
from service.store.tables import Meeting, Organisation
from service.web import Typed, Visit, Visiting, permit
from states import dialogue as rule
from states.access import Operation
from states.calendar import civil
from states.dialogue import State
from states.errors import FieldError, Invalid, NotAllowed, NotFound
from states.labels import label
from states.parties import OrganisationKind, Role
from states.said import _

router = APIRouter(include_in_schema=False)

_SPARE = 3
"""Empty rows of an agenda offered beside those that are filled."""
_COLUMNS = ("title", "minutes", "leader", "output")
_ALL = "alla-"
_ROLES = (Role.main, Role.deputy, Role.signatory)


@router.get("/dialoger/{round_id:uuid}/plan", name="dialogue_plan")
@permit(Operation.edit_dialogue)
def ask_for_plan(request: Request, visit: Visit, round_id: UUID) -> Response:
    return step_page(request, visit, _plan(request, load_to_edit(visit, round_id)))


@router.post("/dialoger/{round_id:uuid}/plan")
@permit(Operation.edit_dialogue)
def change_plan(request: Request, visit: Visit, round_id: UUID, typed: Typed) -> Response:
    step = _plan(request, load_to_edit(visit, round_id))

    def work(session: Session) -> None:
        cases.change_round(
            session,
            visit.actor,
            visit.now,
            round_id,
            title=typed.get("title", ""),
            questions=lines(typed.get("questions", "")),
            sector=typed.get("sector", ""),
            rsvp_due=day(typed, "rsvp_due") if typed.get("rsvp_due", "").strip() else None,
            version=visit.version(typed),
        )

    return carry_out(request, visit, step, typed, work, f"{step.back}?klart=andrad")


@router.get("/dialoger/{round_id:uuid}/moten/nytt", name="new_meeting")
@permit(Operation.edit_dialogue)
def ask_for_meeting(request: Request, visit: Visit, round_id: UUID) -> Response:
    return step_page(request, visit, _new_meeting(request, load_to_edit(visit, round_id)))


@router.post("/dialoger/{round_id:uuid}/moten/nytt")
@permit(Operation.edit_dialogue)
def add_meeting(request: Request, visit: Visit, round_id: UUID, typed: Typed) -> Response:
    step = _new_meeting(request, load_to_edit(visit, round_id))

    def work(session: Session) -> None:
        cases.add_meeting(session, visit.actor, visit.now, round_id, meeting_plan(typed), visit.version(typed))

    return carry_out(request, visit, step, typed, work, f"{step.back}?klart=andrad")


@router.get("/dialoger/moten/{meeting_id:uuid}/tid", name="rescheduling")
@permit(Operation.edit_dialogue)
def ask_for_time(request: Request, visit: Visit, meeting_id: UUID) -> Response:
    return step_page(request, visit, _time(request, *of_meeting(visit, meeting_id)))


@router.post("/dialoger/moten/{meeting_id:uuid}/tid")
@permit(Operation.edit_dialogue)
def move(request: Request, visit: Visit, meeting_id: UUID, typed: Typed) -> Response:
    """Another time: of a draft without a word to anybody, else all are told and asked anew."""
    s, one = of_meeting(visit, meeting_id)
    step = _time(request, s, one)
    draft = s.row.state is State.draft

    def work(session: Session) -> None:
        if draft:
            cases.change_meeting(session, visit.actor, visit.now, meeting_id, meeting_plan(typed), visit.version(typed))
            return
        new = dialogue_time.NewTime(
            moment(typed, "starts"),
            moment(typed, "ends"),
            day(typed, "rsvp_due"),
            typed.get("reason", ""),
            typed.get("place", ""),
        )
        dialogue_time.reschedule(session, visit.actor, visit.now, meeting_id, new, visit.version(typed))

    return carry_out(request, visit, step, typed, work, f"{step.back}?klart={'andrad' if draft else 'flyttat'}")


@router.get("/dialoger/moten/{meeting_id:uuid}/installning", name="meeting_cancellation")
@permit(Operation.edit_dialogue)
def ask_to_cancel(request: Request, visit: Visit, meeting_id: UUID) -> Response:
    return step_page(request, visit, _cancellation(request, *of_meeting(visit, meeting_id)))


@router.post("/dialoger/moten/{meeting_id:uuid}/installning")
@permit(Operation.edit_dialogue)
def cancel_one_meeting(request: Request, visit: Visit, meeting_id: UUID, typed: Typed) -> Response:
    step = _cancellation(request, *of_meeting(visit, meeting_id))

    def work(session: Session) -> None:
        dialogue_time.cancel_meeting(session, visit.actor, visit.now, meeting_id, typed.get("reason", ""), visit.version(typed))

    return carry_out(request, visit, step, typed, work, f"{step.back}?klart=installt")


@router.get("/dialoger/moten/{meeting_id:uuid}/dagordning", name="agenda")
@permit(Operation.view_dialogue)
def show_agenda(request: Request, visit: Visit, meeting_id: UUID) -> Response:
    s, one = of_meeting(visit, meeting_id, editing=False)
    return _agenda_page(request, visit, s, one)


@router.post("/dialoger/moten/{meeting_id:uuid}/dagordning")
@permit(Operation.edit_dialogue)
def write_agenda(request: Request, visit: Visit, meeting_id: UUID, typed: Typed) -> Response:
    """Save the agenda; a draft's may be too short or too long, and the page says by how much."""
    s, one = of_meeting(visit, meeting_id)
    try:
        agenda = _items(typed)
        with visit.write() as session:
            cases.set_agenda(session, visit.actor, visit.now, meeting_id, agenda, visit.version(typed))
    except REFUSALS as refused:
        return _agenda_page(request, visit, s, one, typed, refused)
    return back(request, "agenda", "dagordning", meeting_id=meeting_id)


@router.get("/dialoger/{round_id:uuid}/inbjudna", name="dialogue_guests")
@permit(Operation.view_dialogue)
def show_guests(request: Request, visit: Visit, round_id: UUID) -> Response:
    return _guests_page(request, visit, load(visit, round_id))


@router.post("/dialoger/{round_id:uuid}/utskick", name="dialogue_dispatch")
@permit(Operation.edit_dialogue)
def send(request: Request, visit: Visit, round_id: UUID, typed: Typed) -> Response:
    """Invite everybody the preview named."""
    s = load_to_edit(visit, round_id)
    try:
        choice = _choice(typed.many("organisation"), typed.many("roll"), typed.get("titel", ""))
        with visit.write() as session:
            meeting = _uuid(typed.get("mote", "")) if typed.get("mote") else None
            invite(session, visit.actor, visit.now, round_id, choice, visit.version(typed), meeting_id=meeting)
    except REFUSALS as refused:
        return _guests_page(request, visit, s, refused)
    return back(request, "dialogue_guests", "inbjudna", round_id=round_id)


def of_meeting(visit: Visiting, meeting_id: UUID, *, editing: bool = True) -> tuple[Shown, Sitting]:
    """A meeting with its round, for those who may see it or, editing, change it."""
    with visit.read() as session:
        found = session.get(Meeting, meeting_id)
    if found is None:
        raise NotFound
    s = load_to_edit(visit, found.round_id) if editing else load(visit, found.round_id)
    return s, next(one for one in s.sittings if one.row.id == meeting_id)


def _plan(request: Request, s: Shown) -> Step:
    if s.row.state is not State.draft:
        raise NotAllowed("change_round", s.row.state)
    due = s.row.rsvp_due.isoformat() if s.row.rsvp_due else ""
    return _step(
        request,
        s,
        _("Ändra planen"),
        "dialogue_plan",
        _("Spara planen"),
        Field("title", _("Vad heter dialogen?"), s.row.title),
        Field("sector", _("Ämne"), s.row.sector, optional=True, hint=_("Till exempel scenkonst. Används i uppföljningen.")),
        Field(
            "questions", _("Frågor till deltagarna"), "\n".join(s.row.questions), _("En fråga per rad."), rows=4, optional=True
        ),
        Field("rsvp_due", _("Svar önskas senast"), due, kind="date", width="date", optional=True),
    )


def _new_meeting(request: Request, s: Shown) -> Step:
    if s.row.state is not State.draft or s.written:
        raise NotAllowed("add_meeting", s.row.state)
    return _step(request, s, _("Lägg till ett möte"), "new_meeting", _("Lägg till mötet"), *meeting_fields())


def _step(request: Request, s: Shown, heading: str, name: str, button: str, *fields: Field) -> Step:
    paths = Paths(request)
    return Step(
        heading=heading,
        where=s.row.title,
        back=paths("dialogue", round_id=s.row.id),
        back_label=s.row.title,
        action=paths(name, round_id=s.row.id),
        button=button,
        version=s.row.version,
        fields=fields,
    )


def _time(request: Request, s: Shown, one: Sitting) -> Step:
    paths, meeting = Paths(request), one.row
    draft = s.row.state is State.draft
    if not draft and (s.row.state not in rule.OPEN or meeting.state is not rule.MeetingStatus.scheduled):
        raise NotAllowed(rule.Event.reschedule, s.row.state)
    fields = meeting_fields(meeting)
    if not draft:
        due = s.row.rsvp_due.isoformat() if s.row.rsvp_due else ""
        fields = (
            *(f for f in fields if f.name in ("day", "starts", "ends", "place")),
            Field("rsvp_due", _("Svar önskas senast"), due, kind="date", width="date"),
            Field("reason", _("Varför flyttas mötet?"), rows=3, hint=_("Skälet står i mejlet.")),
        )
    told = (_("Alla inbjudna får ett mejl och svarar igen."), _("Mötet flyttas i deras kalendrar."))
    return Step(
        heading=_("Ändra mötet") if draft else _("Flytta mötet"),
        where=s.row.title,
        back=paths("dialogue", round_id=s.row.id),
        back_label=s.row.title,
        action=paths("rescheduling", meeting_id=meeting.id),
        button=_("Spara mötet") if draft else _("Flytta mötet"),
        version=meeting.version,
        consequences=() if draft else told,
        fields=fields,
    )


def _cancellation(request: Request, s: Shown, one: Sitting) -> Step:
    if s.row.state not in rule.OPEN or one.row.state is not rule.MeetingStatus.scheduled:
        raise NotAllowed(rule.Event.cancel, s.row.state)
    last = _("Det är dialogens sista möte. Hela dialogen ställs in.")
    return Step(
        heading=_("Ställ in mötet"),
        where=s.row.title,
        back=Paths(request)("dialogue", round_id=s.row.id),
        back_label=s.row.title,
        action=Paths(request)("meeting_cancellation", meeting_id=one.row.id),
        button=_("Ställ in mötet"),
        version=one.row.version,
        consequences=(
            _("Alla inbjudna får ett mejl. Mötet försvinner ur deras kalendrar."),
            *((last,) if len(s.left) == 1 and len(s.sittings) == 1 else ()),
        ),
        fields=(Field("reason", _("Varför ställs mötet in?"), rows=3, hint=_("Skälet står i mejlet.")),),
        danger=True,
    )


def _agenda_page(
    request: Request,
    visit: Visiting,
    s: Shown,
    one: Sitting,
    typed: Mapping[str, str] | None = None,
    refused: Refusal | None = None,
) -> HTMLResponse:
    editable = s.may_edit and s.row.state in (State.draft, *rule.OPEN)
    return page(
        request,
        visit,
        s,
        "agenda",
        refused=refused,
        one=one,
        rows=_rows(one, typed),
        editable=editable,
        planned=sum(item.minutes for item in one.agenda),
    )


def _rows(one: Sitting, typed: Mapping[str, str] | None) -> list[dict[str, str]]:
    """The points as they were typed, else as they stand, and a few to fill in."""
    if typed is not None:
        return [{c: typed.get(f"{c}_{n}", "") for c in _COLUMNS} for n in range(1, _typed_rows(typed) + 1)]
    rows = [{"title": i.title, "minutes": str(i.minutes), "leader": i.leader, "output": i.output} for i in one.agenda]
    return [*rows, *(dict.fromkeys(_COLUMNS, "") for _n in range(_SPARE))]


def _typed_rows(typed: Mapping[str, str]) -> int:
    return next((n for n in range(100) if f"title_{n + 1}" not in typed), 100)


def _items(typed: Mapping[str, str]) -> list[rule.Item]:
    """The filled rows, in order; an empty one is no point."""
    found = []
    for n in range(1, _typed_rows(typed) + 1):
        row = {c: typed.get(f"{c}_{n}", "").strip() for c in _COLUMNS}
        if not any(row.values()):
            continue
        if not row["title"]:
            raise Invalid(FieldError(f"title_{n}", "missing", _("Skriv vad punkten handlar om.")))
        if not (row["minutes"].isascii() and row["minutes"].isdigit() and 0 < int(row["minutes"][:5]) <= 1440):
            raise Invalid(FieldError(f"minutes_{n}", "number", _("Skriv hur många minuter punkten tar, till exempel 15.")))
        found.append(rule.Item(row["title"], int(row["minutes"]), row["leader"], row["output"]))
    return found


def _guests_page(request: Request, visit: Visiting, s: Shown, refused: Refusal | None = None) -> HTMLResponse:
    """Who is invited and what they said; while more can be asked, the choice of whom and its preview."""
    asked = request.query_params
    chosen, roles, title = asked.getlist("organisation"), asked.getlist("roll"), asked.get("titel", "")
    may_invite = s.may_edit and s.row.state in (State.draft, State.invited)
    with visit.read() as session:
        near, others = guests_to_choose(session, s.row, civil(visit.now)) if may_invite else ([], [])
        wanted = _expanded(chosen, near)
        lines = []
        if may_invite and wanted:
            meeting = _uuid(asked["mote"]) if asked.get("mote") else None
            lines = preview(session, visit.actor, visit.now, s.row.id, _choice(wanted, roles, title), meeting)
    return page(
        request,
        visit,
        s,
        "guests",
        refused=refused,
        kinds=_by_kind(near, all_of_them=True),
        others=_by_kind(others),
        wanted=wanted,
        roles=[(r.value, label(r)) for r in _ROLES],
        meetings=[(str(x.row.id), x.when) for x in s.left],
        chosen={
            "organisation": chosen,
            "roll": roles or [r.value for r in GUESTS],
            "titel": title,
            "mote": asked.get("mote", ""),
        },
        asking=[one for one in lines if one.contact],
        skipped=[one for one in lines if not one.contact],
        previewed=bool(lines),
        may_invite=may_invite,
        answered=answer_words,
    )


def _by_kind(found: list[Organisation], *, all_of_them: bool = False) -> list[tuple[str, list[tuple[str, str]]]]:
    """Boxes to tick, a group for each kind; the first one of a group may stand for all of it."""
    groups: list[tuple[str, list[tuple[str, str]]]] = []
    for kind in OrganisationKind:
        options = [(str(o.id), o.name) for o in found if o.kind is kind]
        every: list[tuple[str, str]] = [(f"{_ALL}{kind.value}", _("Alla {count}", count=len(options)))]
        if options:
            groups.append((label(kind), [*(every if all_of_them and len(options) > 1 else []), *options]))
    return groups


def _expanded(chosen: list[str], near: list[Organisation]) -> list[str]:
    """The ticked organisations; a box for all of a kind stands for each of them."""
    kinds = {one.removeprefix(_ALL) for one in chosen if one.startswith(_ALL)}
    ticked = [one for one in chosen if not one.startswith(_ALL)]
    return list(dict.fromkeys([*ticked, *(str(o.id) for o in near if o.kind in kinds)]))


def _choice(organisations: list[str], roles: list[str], title: str) -> Choice:
    known = {r.value: r for r in _ROLES}
    return Choice(
        [_uuid(o) for o in organisations],
        frozenset(known[r] for r in roles if r in known) or GUESTS,
        title=title.strip(),
    )


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise Invalid(FieldError("organisation", "unknown", _("Välj i listan."))) from None
