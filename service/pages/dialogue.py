"""One dialogue: where it stands for the region, and for the invited the invitation, the calendar file and later the notes."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.cases import dialogue_hold, dialogue_notes, dialogue_reply, dialogue_time, dialogue_word
from service.cases.dialogue_calendar import calendar_file
from service.cases.dialogue_files import answer_file, keep_answer
from service.cases.dialogue_findings import receive_answer
from service.cases.documents import File
from service.pages.dialogue_view import (
    REFUSALS,
    Refusal,
    Shown,
    Sitting,
    back,
    load,
    load_to_edit,
    next_step,
    page,
    reasons,
    shown,
    sitting,
)
from service.pages.files import download
from service.pages.rendering import NavLink, Paths, render
from service.pages.steps import Field, Step, carry_out, step_page
from service.store.dialogue import actions_of, findings_of, invitation_seen, invitations_of
from service.store.dialogues import answers_of, comments_of, seen
from service.store.tables import DialogueRound, Invitation, Meeting, Organisation
from service.web import Typed, Visit, Visiting, permit, status_of
from states import dialogue as rule
from states.access import Operation
from states.calendar import civil
from states.dialogue import Kind, MeetingStatus, Reply, State
from states.errors import FieldError, Invalid, NotFound
from states.labels import label
from states.parties import OrganisationKind
from states.said import Said, _

router = APIRouter(include_in_schema=False)

INSTEAD = "substitute"
"""The fourth way to answer: somebody else comes."""

_SAID = {
    "svarat": _("Tack. Ditt svar är sparat."),
    "synpunkt": _("Tack. Synpunkten är sparad."),
    "remissvar": _("Tack. Ert svar är sparat."),
}


@router.get("/dialoger/{round_id:uuid}", name="dialogue")
@permit(Operation.view_dialogue)
def show(request: Request, visit: Visit, round_id: UUID) -> Response:
    with visit.read() as session:
        row, of_region = seen(session, visit.actor, round_id)
        found = shown(session, visit, row) if of_region else None
    return region_page(request, visit, found) if found else own_page(request, visit, round_id)


def region_page(request: Request, visit: Visiting, s: Shown, refused: Refusal | None = None) -> HTMLResponse:
    """The round for its region: what is next, the meetings, who came."""
    with visit.read() as session:
        comments = comments_of(session, s.row.id)
    return page(
        request,
        visit,
        s,
        "round",
        refused=refused,
        next=next_step(request, s),
        turnouts=[(one, bars(one)) for one in s.sittings if one.turnout],
        comments=comments,
    )


def bars(one: Sitting) -> list[tuple[Said, rule.Coverage]]:
    """Who took part of each group, the groups in the order of the kinds."""
    found = one.turnout.coverage if one.turnout else {}
    kinds, sizes = list(OrganisationKind), list(rule.SizeClass)
    order = sorted(found, key=lambda g: (kinds.index(g.kind), sizes.index(g.size) if g.size else -1))
    return [(label(g.size) if g.size else label(g.kind), found[g]) for g in order]


@router.post("/dialoger/{round_id:uuid}/genomforande", name="dialogue_holding")
@permit(Operation.edit_dialogue)
def hold(request: Request, visit: Visit, round_id: UUID, typed: Typed) -> Response:
    load_to_edit(visit, round_id)
    try:
        with visit.write() as session:
            dialogue_hold.hold(session, visit.actor, visit.now, round_id, visit.version(typed))
    except REFUSALS as refused:
        return region_page(request, visit, load(visit, round_id), refused)
    return back(request, "dialogue", "genomford", round_id=round_id)


@router.post("/dialoger/{round_id:uuid}/avslut", name="dialogue_closure")
@permit(Operation.edit_dialogue)
def close(request: Request, visit: Visit, round_id: UUID, typed: Typed) -> Response:
    load_to_edit(visit, round_id)
    try:
        with visit.write() as session:
            dialogue_notes.close(session, visit.actor, visit.now, round_id, visit.version(typed))
    except REFUSALS as refused:
        return region_page(request, visit, load(visit, round_id), refused)
    return back(request, "dialogue", "avslutad", round_id=round_id)


@router.get("/dialoger/{round_id:uuid}/installning", name="dialogue_cancellation")
@permit(Operation.edit_dialogue)
def ask_to_cancel(request: Request, visit: Visit, round_id: UUID) -> Response:
    return step_page(request, visit, _cancellation(request, load_to_edit(visit, round_id)))


@router.post("/dialoger/{round_id:uuid}/installning")
@permit(Operation.edit_dialogue)
def cancel_dialogue(request: Request, visit: Visit, round_id: UUID, typed: Typed) -> Response:
    step = _cancellation(request, load_to_edit(visit, round_id))

    def work(session: Session) -> None:
        dialogue_time.cancel(session, visit.actor, visit.now, round_id, typed.get("reason", ""), visit.version(typed))

    return carry_out(request, visit, step, typed, work, step.back)


def _cancellation(request: Request, s: Shown) -> Step:
    rule.RULEBOOK.find(rule.Event.cancel, s.row.state)
    told = _("Alla inbjudna får ett mejl. Mötet försvinner ur deras kalendrar.")
    return Step(
        heading=_("Ställ in dialogen"),
        where=s.row.title,
        back=Paths(request)("dialogue", round_id=s.row.id),
        back_label=s.row.title,
        action=Paths(request)("dialogue_cancellation", round_id=s.row.id),
        button=_("Ställ in dialogen"),
        version=s.row.version,
        consequences=() if s.row.state is State.draft else (told, _("Det går inte att ångra.")),
        fields=(Field("reason", _("Varför ställs den in?"), rows=3, hint=_("Skälet står i mejlet.")),),
        danger=True,
    )


@router.get("/dialoger/moten/{meeting_id:uuid}/kalender", name="dialogue_calendar")
@permit(Operation.view_dialogue)
def calendar(visit: Visit, meeting_id: UUID) -> Response:
    """The time as a calendar file, also for those who could not open the one in the mail."""
    with visit.read() as session:
        return download(calendar_file(session, visit.actor, visit.now, meeting_id))


@router.get("/dialoger/{round_id:uuid}/anteckningar/fil", name="dialogue_notes_file")
@permit(Operation.view_dialogue)
def notes_file(visit: Visit, round_id: UUID) -> Response:
    with visit.read() as session:
        return download(dialogue_word.notes_file(session, visit.actor, round_id))


@router.get("/dialoger/remissvar/{written_id:uuid}/fil", name="consultation_file")
@permit(Operation.view_dialogue)
def consultation_file(visit: Visit, written_id: UUID) -> Response:
    with visit.read() as session:
        found: File = answer_file(session, visit.files, visit.actor, written_id)
    return download(found)


@router.post("/dialoger/{round_id:uuid}/synpunkter", name="dialogue_comments")
@permit(Operation.reply_dialogue)
def comment(request: Request, visit: Visit, round_id: UUID, typed: Typed) -> Response:
    try:
        with visit.write() as session:
            dialogue_notes.comment(session, visit.actor, visit.now, round_id, typed.get("text", ""))
    except REFUSALS as refused:
        return own_page(request, visit, round_id, typed, refused)
    return back(request, "dialogue", "synpunkt", round_id=round_id)


@router.get("/dialoger/inbjudningar/{invitation_id:uuid}", name="dialogue_reply")
@permit(Operation.reply_dialogue)
def ask_for_reply(request: Request, visit: Visit, invitation_id: UUID) -> Response:
    """The answer as the region writes it down for somebody who called; the invited answer on the page of the dialogue."""
    with visit.read() as session:
        row, invitation = invitation_seen(session, visit.actor, invitation_id)
    if invitation.assignment_id == visit.actor.assignment:
        return own_page(request, visit, row.id)
    return _reply_page(request, visit, row.id, invitation_id, {})


@router.post("/dialoger/inbjudningar/{invitation_id:uuid}")
@permit(Operation.reply_dialogue)
def reply(request: Request, visit: Visit, invitation_id: UUID, typed: Typed) -> Response:
    with visit.read() as session:
        row, invitation = invitation_seen(session, visit.actor, invitation_id)
    own = invitation.assignment_id == visit.actor.assignment
    try:
        answer = _answer(typed)
        with visit.write() as session:
            dialogue_reply.reply(session, visit.actor, visit.now, invitation_id, answer, visit.version(typed))
    except REFUSALS as refused:
        if own:
            return own_page(request, visit, row.id, typed, refused, invitation_id)
        return _reply_page(request, visit, row.id, invitation_id, typed, refused)
    return back(request, "dialogue" if own else "dialogue_guests", "svarat", round_id=row.id)


@router.post("/dialoger/inbjudningar/{invitation_id:uuid}/remissvar", name="consultation_answer")
@permit(Operation.reply_dialogue)
def answer_in_writing(request: Request, visit: Visit, invitation_id: UUID, typed: Typed) -> Response:
    """The organisation's answer to a consultation: text, file or both; the region can write one down for it."""
    with visit.read() as session:
        row, invitation = invitation_seen(session, visit.actor, invitation_id)
    own = invitation.assignment_id == visit.actor.assignment
    upload = typed.file("file")
    try:
        given = keep_answer(
            visit.files,
            typed.get("text", ""),
            upload.name if upload else "",
            upload.data if upload else b"",
            typed.get("case", ""),
        )
        with visit.write() as session:
            receive_answer(session, visit.actor, visit.now, invitation_id, given)
    except REFUSALS as refused:
        if own:
            return own_page(request, visit, row.id, typed, refused, invitation_id)
        return answers_page(request, visit, row.id, typed, refused)
    return back(request, "dialogue" if own else "consultation_answers", "remissvar", round_id=row.id)


@router.get("/dialoger/{round_id:uuid}/svar", name="consultation_answers")
@permit(Operation.edit_dialogue)
def show_answers(request: Request, visit: Visit, round_id: UUID) -> Response:
    return answers_page(request, visit, round_id)


def answers_page(
    request: Request, visit: Visiting, round_id: UUID, typed: Mapping[str, str] | None = None, refused: Refusal | None = None
) -> HTMLResponse:
    """What came in to a consultation, and who has not answered."""
    s = load_to_edit(visit, round_id)
    if not s.written:
        raise NotFound
    with visit.read() as session:
        written = answers_of(session, round_id)
    there = {organisation.id for _answer, organisation in written}
    return page(
        request,
        visit,
        s,
        "answers",
        refused=refused,
        written=written,
        silent=[g for g in s.guests if g.organisation.id not in there],
        guests=[(str(g.row.id), f"{g.organisation.name}, {g.person.name}") for g in s.guests],
        typed=typed or {},
    )


def own_page(
    request: Request,
    visit: Visiting,
    round_id: UUID,
    typed: Mapping[str, str] | None = None,
    refused: Refusal | None = None,
    invitation_id: UUID | None = None,
) -> HTMLResponse:
    """The dialogue for somebody who was invited, or who comes in a colleague's place."""
    with visit.read() as session:
        row, _region = seen(session, visit.actor, round_id)
        mine = invitations_of(session, visit.actor, round_id)
        cards = [_card(session, visit, i, (typed or {}) if i.id == invitation_id else {}) for i in mine]
        region = session.get_one(Organisation, row.region_id)
        written = answers_of(session, round_id, visit.actor.organisation) if row.kind is Kind.consultation else []
        comments = [c for c, *_who in comments_of(session, round_id) if c.assignment_id == visit.actor.assignment]
        findings, actions = findings_of(session, round_id), actions_of(session, round_id)
    notes_out = row.state in (State.summarised, State.closed)
    return render(
        request,
        "dialogues/invitation.html",
        status=status_of(refused) if refused else 200,
        row=row,
        region=region,
        cards=cards,
        turn=_turn(row, cards, visit),
        written=written,
        comments=comments,
        findings=[(label(f.kind), f.text) for f in findings] if notes_out else (),
        actions=actions if notes_out else (),
        notes_out=notes_out,
        may_comment=row.state is State.summarised and row.comments_until is not None and civil(visit.now) <= row.comments_until,
        may_answer=row.state is State.invited,
        typed=typed or {},
        errors=refused.fields if isinstance(refused, Invalid) else (),
        warnings=reasons(refused),
        unsaved=refused is not None,
        said=_SAID.get(request.query_params.get("klart", ""), "") if refused is None else "",
        crumbs=[NavLink(_("Dialoger"), Paths(request)("dialogues"))],
        key=visit.new_key(),
    )


def _card(session: Session, visit: Visiting, invitation: Invitation, typed: Mapping[str, str]) -> dict[str, object]:
    """One invitation with its meeting and the answer as it stands or was typed."""
    meeting = session.get(Meeting, invitation.meeting_id) if invitation.meeting_id else None
    own = invitation.assignment_id == visit.actor.assignment
    return {
        "row": invitation,
        "own": own,
        "sitting": sitting(session, meeting, ()) if meeting else None,
        "open": own and meeting is not None and meeting.state is MeetingStatus.scheduled,
        "options": reply_options(meeting),
        "said": reply_values(invitation, typed),
        "answer": answer_words(invitation),
    }


def reply_options(meeting: Meeting | None) -> list[tuple[str, Said]]:
    remote = [(Reply.remote.value, _("Jag deltar på distans"))] if meeting and meeting.remote else []
    return [
        (Reply.yes.value, _("Jag kommer")),
        *remote,
        (INSTEAD, _("Någon annan kommer i mitt ställe")),
        (Reply.no.value, _("Jag kommer inte")),
    ]


def reply_values(invitation: Invitation, typed: Mapping[str, str]) -> dict[str, str]:
    """The answer as it was typed, else as it stands."""
    stands = INSTEAD if invitation.substitute_email else invitation.reply.value if invitation.reply else ""
    known = {
        "reply": stands,
        "substitute_name": invitation.substitute_name,
        "substitute_email": invitation.substitute_email,
        "from_afar": "1" if invitation.substitute_email and invitation.reply is Reply.remote else "",
    }
    return {name: typed.get(name, "") if typed else value for name, value in known.items()}


def answer_words(invitation: Invitation) -> Said:
    """The answer as a sentence."""
    if invitation.reply is None:
        return _("Inget svar än")
    if invitation.substitute_name:
        return _("{name} kommer i stället", name=invitation.substitute_name)
    return _("Står i kö") if invitation.waiting else label(invitation.reply)


def _turn(row: DialogueRound, cards: list[dict[str, object]], visit: Visiting) -> tuple[str, Said]:
    """The line at the top: tone and words."""
    rows = [c["row"] for c in cards]
    if row.state is State.cancelled:
        return "out", _("Dialogen är inställd.")
    if row.state in (State.summarised, State.closed):
        return "ok", _("Anteckningarna är klara.")
    if any(isinstance(i, Invitation) and i.assignment_id != visit.actor.assignment for i in rows):
        return "ok", _("Du är anmäld i en kollegas ställe.")
    if row.state is State.held:
        return "note", _("Dialogen är genomförd. Anteckningarna kommer.")
    if row.state is State.rsvp_closed:
        return "note", _("Anmälan är stängd.")
    if row.kind is Kind.consultation:
        return "act", _("Svara på remissen.")
    if all(isinstance(i, Invitation) and i.reply is not None for i in rows):
        return "ok", _("Du har svarat. Du kan ändra dig till och med svarsdagen.")
    return "act", _("Svara på inbjudan. Det tar en minut.")


def _answer(typed: Mapping[str, str]) -> dialogue_reply.Answer:
    chosen = typed.get("reply", "")
    if chosen == INSTEAD:
        instead = Reply.remote if typed.get("from_afar") == "1" else Reply.yes
        name, email = typed.get("substitute_name", "").strip(), typed.get("substitute_email", "").strip()
        if not name and not email:
            raise Invalid(FieldError("substitute_name", "missing", _("Skriv namn och e-postadress till den som kommer.")))
        return dialogue_reply.Answer(instead, name, email)
    try:
        return dialogue_reply.Answer(Reply(chosen))
    except ValueError:
        raise Invalid(FieldError("reply", "missing", _("Välj ett svar."))) from None


def _reply_page(
    request: Request,
    visit: Visiting,
    round_id: UUID,
    invitation_id: UUID,
    typed: Mapping[str, str],
    refused: Refusal | None = None,
) -> HTMLResponse:
    s = load_to_edit(visit, round_id)
    one = next(g for g in s.guests if g.row.id == invitation_id)
    meeting = next((x.row for x in s.sittings if x.row.id == one.row.meeting_id), None)
    if meeting is None:
        raise NotFound
    return page(
        request,
        visit,
        s,
        "reply",
        refused=refused,
        one=one,
        options=reply_options(meeting),
        values=reply_values(one.row, typed),
        remote=meeting.remote,
    )
