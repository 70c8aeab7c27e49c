"""Mails that came in: those filed on an agreement, those set aside with the reason, one of them with its files."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.cases import received as cases
from service.pages.files import download
from service.pages.rendering import Paths, instant, render, see_other
from service.store import received
from service.store.tables import ReceivedMail
from service.web import Typed, Visit, Visiting, permit
from states.access import Operation, Relation, may
from states.errors import FieldError, Invalid
from states.incoming import Reason, State
from states.said import _

router = APIRouter(include_in_schema=False)

WHY = {
    Reason.automatic: _("Ett automatiskt svar, till exempel ett frånvaromeddelande."),
    Reason.loop: _("Vårt eget mejl som kom tillbaka. Texten sparas inte."),
    Reason.flood: _("Avsändaren skickade väldigt många mejl på kort tid. Texten finns bara i brevlådan."),
    Reason.stranger: _("Avsändaren är inte kontaktperson hos någon part."),
    Reason.unmatched: _("Avsändaren är känd, men mejlet svarar inte på något mejl om en överenskommelse."),
    Reason.bounce: _("Besked om att ett mejl inte gick att lämna. Kontakten är markerad."),
    Reason.delayed: _("Besked om att ett mejl är försenat. Servern försöker igen."),
}
"""Why a mail was set aside; a test keeps it complete."""

_VIEWS = {"at-sidan": State.set_aside, "inlagda": State.filed}
_NAMES = {State.set_aside: _("Lagda åt sidan"), State.filed: _("På överenskommelser")}
_EMPTY = {
    State.set_aside: _("Inga mejl ligger åt sidan."),
    State.filed: _("Inga svar har kommit med mejl ännu."),
}


@router.get("/inkorg", name="inbox")
@permit(Operation.view_messages)
def inbox(request: Request, visit: Visit) -> HTMLResponse:
    state, paths = _VIEWS.get(request.query_params.get("visa", ""), State.set_aside), Paths(request)
    with visit.read() as session:
        found = received.listed(session, visit.actor, state, _before(request))
    shown, said = found[: received.PAGE], {each: word for word, each in _VIEWS.items()}
    return render(
        request,
        "received/inbox.html",
        views=[(_NAMES[each], f"{paths('inbox')}?visa={word}", each is state) for word, each in _VIEWS.items()],
        heading=_NAMES[state],
        empty=_EMPTY[state],
        entries=[_entry(mail, paths) for mail in shown],
        older=f"{paths('inbox')}?visa={said[state]}&fore={shown[-1].id}" if len(found) > received.PAGE else "",
        without_mailbox=not visit.settings.inbox_configured,
        where=visit.organisation,
    )


@router.get("/overenskommelser/{agreement_id}/mejl", name="agreement_mails")
@permit(Operation.view_messages)
def of_agreement(request: Request, visit: Visit, agreement_id: UUID) -> HTMLResponse:
    with visit.read() as session:
        standing = cases.agreement_for(session, visit.actor, agreement_id)
        found = received.filed_on(session, agreement_id)
        files = {mail.id: received.files_of(session, mail.id) for mail in found}
    return render(
        request,
        "received/agreement.html",
        others=", ".join(p.organisation.name for p in standing.others(standing.region)),
        back=Paths(request)("agreement", agreement_id=agreement_id),
        mails=[(mail, _letter(mail, visit), files[mail.id]) for mail in found],
    )


@router.get("/mejl/{mail_id}", name="received_mail")
@permit(Operation.view_messages)
def show(request: Request, visit: Visit, mail_id: UUID) -> HTMLResponse:
    return _page(request, visit, mail_id)


@router.get("/mejl/{mail_id}/filer/{file_id}", name="received_file")
@permit(Operation.view_messages)
def file(visit: Visit, mail_id: UUID, file_id: UUID) -> Response:
    with visit.read() as session:
        return download(cases.file_for(session, visit.files, visit.actor, mail_id, file_id))


@router.post("/mejl/{mail_id}/inlaggning", name="received_filing")
@permit(Operation.edit_messages)
def file_by_hand(request: Request, visit: Visit, mail_id: UUID, typed: Typed) -> Response:
    said = typed.get("agreement", "")
    try:
        with visit.write() as session:
            cases.file_by_hand(session, visit.actor, visit.now, mail_id, said, visit.version(typed))
    except Invalid as refused:
        return _page(request, visit, mail_id, said, refused.fields)
    return see_other(request, f"{Paths(request)('received_mail', mail_id=mail_id)}?klart=inlagt")


def _page(request: Request, visit: Visiting, mail_id: UUID, chosen: str = "", errors: Sequence[FieldError] = ()) -> HTMLResponse:
    paths, allowed = Paths(request), may(Operation.edit_messages, visit.actor.role, Relation.region)
    with visit.read() as session:
        mail = cases.mail_for(session, visit.actor, Operation.view_messages, mail_id)
        files = received.files_of(session, mail_id)
        places = received.places(session, visit.actor) if allowed and cases.may_be_filed(mail) else []
    return render(
        request,
        "received/mail.html",
        status=422 if errors else 200,
        mail=mail,
        entry=_entry(mail, paths),
        letter=_letter(mail, visit),
        files=files,
        places=[("", _("Välj en överenskommelse")), *((str(id_), f"{name}, {plan}") for id_, name, plan in places)],
        may_file=bool(places),
        chosen=chosen or (str(mail.agreement_id) if mail.agreement_id else ""),
        errors=errors,
        said=_("Mejlet ligger nu på överenskommelsen.") if request.query_params.get("klart") == "inlagt" else "",
        where=visit.organisation,
        key=visit.new_key(),
    )


def _entry(mail: ReceivedMail, paths: Paths) -> dict[str, object]:
    aside = mail.state is State.set_aside
    return {
        "title": mail.subject or _("Utan ämne"),
        "href": paths("received_mail", mail_id=mail.id),
        "meta": (_("Från {sender}", sender=mail.sender or _("okänd")), _("Kom {moment}", moment=instant(mail.received_at))),
        "tone": ("act" if mail.reason is Reason.unmatched else "note") if aside else "ok",
        "label": _("Åt sidan") if aside else _("Inlagt"),
        "hint": WHY[mail.reason] if aside and mail.reason else _("Inlagt för hand.") if mail.reason else "",
    }


def _letter(mail: ReceivedMail, visit: Visiting) -> dict[str, str]:
    return {
        "sender": mail.sender or _("okänd"),
        "to": visit.settings.imap_address or visit.settings.smtp_sender,
        "date": instant(mail.received_at),
        "subject": mail.subject or _("Utan ämne"),
        "body": mail.text.strip() or _("Mejlet har ingen text."),
    }


def _before(request: Request) -> UUID | None:
    try:
        return UUID(request.query_params.get("fore", ""))
    except ValueError:
        return None
