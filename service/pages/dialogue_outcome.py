"""What came of one dialogue: who came, what was said, who does what, and the notes to all who were invited."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.cases import dialogue_findings as cases
from service.cases.dialogue_hold import Present, note_attendance
from service.cases.dialogue_notes import NOTES_MAX, summarise
from service.pages.dialogue_plan import of_meeting
from service.pages.dialogue_view import REFUSALS, Refusal, Shown, Sitting, back, load, load_to_edit, page
from service.pages.rendering import Paths, see_other
from service.pages.steps import day
from service.store.dialogue import Invited, actions_of, area_titles, findings_of, linked
from service.store.dialogues import answers_of, owners, promised, rounds_of, written_by
from service.store.overview import areas as areas_of
from service.store.tables import ActionItem, Finding
from service.web import Form, Typed, Visit, Visiting, permit
from states import dialogue as rule
from states.access import Operation
from states.calendar import civil
from states.dialogue import FindingKind, State
from states.errors import FieldError, Invalid, NotFound
from states.labels import label
from states.said import _

router = APIRouter(include_in_schema=False)

_HEARD = (State.rsvp_closed, *rule.NOTED)


@router.get("/dialoger/moten/{meeting_id:uuid}/narvaro", name="attendance")
@permit(Operation.view_dialogue)
def show_attendance(request: Request, visit: Visit, meeting_id: UUID) -> Response:
    return _attendance_page(request, visit, *of_meeting(visit, meeting_id, editing=False))


@router.post("/dialoger/moten/{meeting_id:uuid}/narvaro")
@permit(Operation.edit_dialogue)
def write_attendance(request: Request, visit: Visit, meeting_id: UUID, typed: Typed) -> Response:
    """Write down who came; who did not follows from it."""
    s, one = of_meeting(visit, meeting_id)
    present = [
        Present(g.row.id, typed.get(f"instead_{g.row.id}", ""), typed.get(f"remote_{g.row.id}") == "1")
        for g in one.guests
        if typed.get(f"came_{g.row.id}") == "1"
    ]
    try:
        with visit.write() as session:
            note_attendance(session, visit.actor, visit.now, meeting_id, present, visit.version(typed))
    except REFUSALS as refused:
        return _attendance_page(request, visit, s, one, typed, refused)
    return back(request, "attendance", "narvaro", meeting_id=meeting_id)


@router.get("/dialoger/{round_id:uuid}/inspel", name="dialogue_findings")
@permit(Operation.view_dialogue)
def show_findings(request: Request, visit: Visit, round_id: UUID) -> Response:
    return _findings_page(request, visit, load(visit, round_id))


@router.post("/dialoger/{round_id:uuid}/inspel")
@permit(Operation.edit_dialogue)
def note_finding(request: Request, visit: Visit, round_id: UUID, typed: Typed) -> Response:
    s = load_to_edit(visit, round_id)
    try:
        kind, whose, answer = _kind(typed), _maybe(typed, "organisation"), _maybe(typed, "answer")
        areas = _uuids(typed, "areas")
        with visit.write() as session:
            cases.note_finding(
                session,
                visit.actor,
                visit.now,
                round_id,
                kind,
                typed.get("text", ""),
                organisation=whose,
                answer=answer,
                areas=areas,
            )
    except REFUSALS as refused:
        return _findings_page(request, visit, s, typed, refused)
    return back(request, "dialogue_findings", "inspel", round_id=round_id)


@router.post("/dialoger/inspel/{finding_id:uuid}", name="finding")
@permit(Operation.edit_dialogue)
def settle_finding(request: Request, visit: Visit, finding_id: UUID, typed: Typed) -> Response:
    """Link a point to areas, or set it aside with a reason."""
    s, found = _of_finding(visit, finding_id)
    version = visit.version(typed)
    try:
        areas = _uuids(typed, "areas")
        with visit.write() as session:
            if typed.get("what") == "aside":
                cases.set_aside(session, visit.actor, visit.now, finding_id, typed.get("reason", ""), version)
            else:
                cases.link_finding(session, visit.actor, visit.now, finding_id, areas, version)
    except REFUSALS as refused:
        return _findings_page(request, visit, s, typed, refused, found.id)
    return see_other(request, f"{Paths(request)('dialogue_findings', round_id=s.row.id)}?klart=kopplat#f{finding_id}")


@router.get("/dialoger/{round_id:uuid}/atgarder", name="dialogue_actions")
@permit(Operation.view_dialogue)
def show_actions(request: Request, visit: Visit, round_id: UUID) -> Response:
    return _actions_page(request, visit, load(visit, round_id))


@router.post("/dialoger/{round_id:uuid}/atgarder")
@permit(Operation.edit_dialogue)
def note_action(request: Request, visit: Visit, round_id: UUID, typed: Typed) -> Response:
    s = load_to_edit(visit, round_id)
    try:
        owner, due = _maybe(typed, "owner"), _due(typed)
        with visit.write() as session:
            cases.note_action(session, visit.actor, visit.now, round_id, typed.get("text", ""), owner=owner, due=due)
    except REFUSALS as refused:
        return _actions_page(request, visit, s, typed, refused)
    return back(request, "dialogue_actions", "atgard", round_id=round_id)


@router.post("/dialoger/atgarder/{action_id:uuid}", name="action")
@permit(Operation.edit_dialogue)
def change_action(request: Request, visit: Visit, action_id: UUID, typed: Typed) -> Response:
    """Another owner or date."""
    s = _of_action(visit, action_id)
    try:
        owner, due = _maybe(typed, "owner"), _due(typed)
        with visit.write() as session:
            cases.change_action(session, visit.actor, visit.now, action_id, owner=owner, due=due, version=visit.version(typed))
    except REFUSALS as refused:
        return _actions_page(request, visit, s, typed, refused, action_id)
    return back(request, "dialogue_actions", "atgard", round_id=s.row.id)


@router.post("/dialoger/atgarder/{action_id:uuid}/avslut", name="action_completion")
@permit(Operation.reply_dialogue)
def finish_action(request: Request, visit: Visit, action_id: UUID, typed: Typed) -> Response:
    """It has been done; said by the region on the page of the round, by its owner on the page of their own."""
    with visit.write() as session:
        action = cases.finish_action(session, visit.actor, visit.now, action_id, typed.get("outcome", ""), visit.version(typed))
        round_id, own = action.round_id, action.owner_id == visit.actor.assignment
    own_page = own and not _sees(visit, round_id)
    return back(request, "dialogues", "gjort") if own_page else back(request, "dialogue_actions", "gjort", round_id=round_id)


@router.get("/dialoger/{round_id:uuid}/anteckningar", name="dialogue_notes")
@permit(Operation.view_dialogue)
def show_notes(request: Request, visit: Visit, round_id: UUID) -> Response:
    return _notes_page(request, visit, load(visit, round_id))


@router.post("/dialoger/{round_id:uuid}/anteckningar")
@permit(Operation.edit_dialogue)
def send_notes(request: Request, visit: Visit, round_id: UUID, typed: Typed) -> Response:
    s = load_to_edit(visit, round_id)
    try:
        with visit.write() as session:
            summarise(session, visit.files, visit.actor, visit.now, round_id, typed.get("notes", ""), visit.version(typed))
    except REFUSALS as refused:
        return _notes_page(request, visit, s, typed, refused)
    return back(request, "dialogue", "utskickat", round_id=round_id)


def _attendance_page(
    request: Request,
    visit: Visiting,
    s: Shown,
    one: Sitting,
    typed: Mapping[str, str] | None = None,
    refused: Refusal | None = None,
) -> HTMLResponse:
    if one.row.starts_at > visit.now:
        raise NotFound
    editable = s.may_edit and s.row.state in (State.invited, State.rsvp_closed, State.held)
    return page(
        request,
        visit,
        s,
        "attendance",
        refused=refused,
        one=one,
        editable=editable and one.row.state is not rule.MeetingStatus.cancelled,
        rows=[_row(g, one, typed) for g in one.guests],
    )


def _row(guest: Invited, one: Sitting, typed: Mapping[str, str] | None) -> dict[str, object]:
    """One guest of the list: as typed, else as noted, else as they answered."""
    name = str(guest.row.id)
    if typed is not None:
        values = {k: typed.get(f"{k}_{name}", "") for k in ("came", "remote", "instead")}
    elif one.turnout is not None:
        came = guest.attendance
        values = {
            "came": "1" if came else "",
            "remote": "1" if came and came.remote else "",
            "instead": came.substitute if came else "",
        }
    else:
        remote = guest.row.reply is rule.Reply.remote
        values = {"came": "", "remote": "1" if remote else "", "instead": guest.row.substitute_name}
    return {"guest": guest, **values}


def _findings_page(
    request: Request,
    visit: Visiting,
    s: Shown,
    typed: Mapping[str, str] | None = None,
    refused: Refusal | None = None,
    wrong: UUID | None = None,
) -> HTMLResponse:
    with visit.read() as session:
        findings = findings_of(session, s.row.id)
        links = linked(session, findings)
        titles = area_titles(session, {a for those in links.values() for a in those})
        names = written_by(session, findings)
        areas = areas_of(session, s.row.programme_id) if s.row.programme_id else []
        answers = answers_of(session, s.row.id) if s.written else []
    heard = (*_HEARD, State.invited) if s.written else _HEARD
    return page(
        request,
        visit,
        s,
        "findings",
        refused=refused,
        findings=[(f, names.get(f.organisation_id, ""), [(a, titles[a]) for a in links[f.id]]) for f in findings],
        areas=[(str(a.id), f"{a.number}. {a.title}") for a in areas],
        kinds=[(k.value, label(k)) for k in FindingKind],
        organisations=list(dict.fromkeys((str(g.organisation.id), g.organisation.name) for g in s.guests)),
        answers=[(str(a.id), f"{o.name}, {a.file_name or a.text[:60]}") for a, o in answers],
        editable=s.may_edit and s.row.state in heard,
        settling=s.may_edit and s.row.state in _HEARD,
        wrong=wrong,
        typed=typed or {},
        chosen=typed.many("areas") if isinstance(typed, Form) else [],
    )


def _actions_page(
    request: Request,
    visit: Visiting,
    s: Shown,
    typed: Mapping[str, str] | None = None,
    refused: Refusal | None = None,
    wrong: UUID | None = None,
) -> HTMLResponse:
    with visit.read() as session:
        one = next(x for x in rounds_of(session, visit.actor) if x.round.id == s.row.id)
        actions = promised(session, [one])
        people = owners(session, s.row, civil(visit.now))
    return page(
        request,
        visit,
        s,
        "actions",
        refused=refused,
        actions=actions,
        people=[("", _("Ingen än")), *((str(one), f"{name}, {whose}") for one, name, whose in people)],
        editable=s.may_edit and s.row.state in _HEARD,
        wrong=wrong,
        typed=typed or {},
    )


def _notes_page(
    request: Request, visit: Visiting, s: Shown, typed: Mapping[str, str] | None = None, refused: Refusal | None = None
) -> HTMLResponse:
    with visit.read() as session:
        findings, actions = findings_of(session, s.row.id), actions_of(session, s.row.id)
    return page(
        request,
        visit,
        s,
        "notes",
        refused=refused,
        findings=findings,
        actions=actions,
        notes=(typed or {}).get("notes", s.row.notes),
        receivers=len({g.assignment.id for g in s.guests}),
        editable=s.may_edit and s.row.state is State.held,
        has_file=s.row.state in (*rule.NOTED, State.closed),
        longest=NOTES_MAX,
    )


def _of_finding(visit: Visiting, finding_id: UUID) -> tuple[Shown, Finding]:
    with visit.read() as session:
        found = session.get(Finding, finding_id)
    if found is None:
        raise NotFound
    return load_to_edit(visit, found.round_id), found


def _of_action(visit: Visiting, action_id: UUID) -> Shown:
    with visit.read() as session:
        found = session.get(ActionItem, action_id)
    if found is None:
        raise NotFound
    return load_to_edit(visit, found.round_id)


def _sees(visit: Visiting, round_id: UUID) -> bool:
    try:
        load(visit, round_id)
    except NotFound:
        return False
    return True


def _kind(typed: Mapping[str, str]) -> FindingKind:
    try:
        return FindingKind(typed.get("kind", ""))
    except ValueError:
        raise Invalid(FieldError("kind", "unknown", _("Välj vad inspelet är."))) from None


def _maybe(typed: Mapping[str, str], name: str) -> UUID | None:
    try:
        return UUID(typed[name]) if typed.get(name) else None
    except ValueError:
        raise Invalid(FieldError(name, "unknown", _("Välj i listan."))) from None


def _uuids(typed: Form, name: str) -> list[UUID]:
    try:
        return [UUID(one) for one in typed.many(name) if one]
    except ValueError:
        raise Invalid(FieldError(name, "unknown", _("Välj i listan."))) from None


def _due(typed: Mapping[str, str]) -> date | None:
    return day(typed, "due") if typed.get("due", "").strip() else None
