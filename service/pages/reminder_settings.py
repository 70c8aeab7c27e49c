"""How a programme or one agreement reminds: a form with its errors, and what a change would do before it is saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.cases.forecast import Planned
from service.cases.programmes import programme_for
from service.cases.reminder_policy import (
    NUMBERS,
    Tried,
    change_agreement,
    change_programme,
    policy_of,
    quiet_of,
    try_agreement,
    try_programme,
)
from service.pages.messages import PURPOSES
from service.pages.rendering import Paths, date_long, render, see_other
from service.store.standing import Standing, relation, view
from service.store.tables import Programme
from service.web import Typed, Visit, Visiting, permit
from states.access import Operation, require
from states.errors import FieldError, Invalid, Stale
from states.policy import Policy
from states.reminders import Status
from states.said import _, joined, ngettext

router = APIRouter(include_in_schema=False)

WEEK = 7
_WITHIN = {"opens": "window", "closes": "window"}
_FIELDS = (*NUMBERS, "opens", "closes", "max_unanswered")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the form shows: what is typed, what would happen, and what is wrong."""

    typed: Mapping[str, str]
    tried: Tried | None = None
    errors: Sequence[FieldError] = ()
    stale: bool = False


@router.get("/program/{programme_id:uuid}/paminnelser", name="programme_reminders")
@permit(Operation.edit_programme)
def ask(request: Request, visit: Visit, programme_id: UUID) -> HTMLResponse:
    with visit.read() as session:
        programme = programme_for(session, visit.actor, Operation.edit_programme, programme_id)
        typed = {**_written(Policy.from_dict(programme.policy)), "quiet": _quiet_text(programme)}
    return _programme_page(request, visit, programme, Shown(typed))


@router.post("/program/{programme_id:uuid}/paminnelser", name="programme_reminders_change")
@permit(Operation.edit_programme)
def change(request: Request, visit: Visit, programme_id: UUID, typed: Typed) -> Response:
    """Save, or only show what a week would be like."""
    with visit.read() as session:
        programme = programme_for(session, visit.actor, Operation.edit_programme, programme_id)
    try:
        policy, quiet = policy_of(typed, whole=True), quiet_of(typed.get("quiet", ""))
        if typed.get("prova"):
            with visit.read() as session:
                tried = try_programme(session, visit.now, programme, policy, quiet, WEEK)
            return _programme_page(request, visit, programme, Shown(typed, tried))
        with visit.write() as session:
            change_programme(session, visit.actor, visit.now, programme_id, policy, quiet, visit.version(typed))
    except Invalid as refused:
        return _programme_page(request, visit, programme, Shown(typed, errors=refused.fields))
    except Stale:
        return _programme_page(request, visit, programme, Shown(typed, stale=True))
    return see_other(request, f"{Paths(request)('programme_reminders', programme_id=programme_id)}?klart=sparat")


@router.get("/overenskommelser/{agreement_id}/paminnelser", name="agreement_reminders")
@permit(Operation.edit_reminders)
def ask_for_agreement(request: Request, visit: Visit, agreement_id: UUID) -> HTMLResponse:
    return _agreement_page(request, visit, agreement_id, None)


@router.post("/overenskommelser/{agreement_id}/paminnelser", name="agreement_reminders_change")
@permit(Operation.edit_reminders)
def change_for_agreement(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    try:
        policy = policy_of(typed)
        if typed.get("prova"):
            with visit.read() as session:
                agreement = _seen(session, visit, agreement_id).agreement
                tried = try_agreement(session, visit.now, agreement, policy, WEEK)
            return _agreement_page(request, visit, agreement_id, Shown(typed, tried))
        with visit.write() as session:
            change_agreement(session, visit.actor, visit.now, agreement_id, policy, visit.version(typed))
    except Invalid as refused:
        return _agreement_page(request, visit, agreement_id, Shown(typed, errors=refused.fields))
    except Stale:
        return _agreement_page(request, visit, agreement_id, Shown(typed, stale=True))
    return see_other(request, f"{Paths(request)('agreement_reminders', agreement_id=agreement_id)}?klart=sparat")


def _seen(session: Session, visit: Visiting, agreement_id: UUID) -> Standing:
    standing = view(session, visit.actor, agreement_id)
    require(Operation.edit_reminders, visit.actor.role, relation(visit.actor, standing.agreement))
    return standing


def in_words(policy: Policy) -> str:
    """A policy as one line of a page."""
    return _(
        "Svar: {before} dagar före och {after} dagar efter svarsdagen. "
        "Underskrift: efter {signature} arbetsdagar. Högst {most} obesvarade.",
        before=_numbers(policy.before) or "–",
        after=_numbers(policy.after) or "–",
        signature=_numbers(policy.signature_after) or "–",
        most=policy.max_unanswered,
    )


def _programme_page(request: Request, visit: Visiting, programme: Programme, shown: Shown) -> HTMLResponse:
    path = Paths(request)("programme_reminders", programme_id=programme.id)
    back = {"label": _("Inställningar"), "href": Paths(request)("settings")}
    return _page(request, visit, shown, _("Påminnelser i {name}", name=programme.name), path, back, programme.version, quiet=True)


def _agreement_page(request: Request, visit: Visiting, agreement_id: UUID, shown: Shown | None) -> HTMLResponse:
    with visit.read() as session:
        standing = _seen(session, visit, agreement_id)
        programme = session.get_one(Programme, standing.agreement.programme_id)
    own, paths = standing.agreement.policy, Paths(request)
    kept = _written(Policy.from_dict(own))
    typed = {n: kept[n] or _("inga") if _WITHIN.get(n, n) in own else "" for n in _FIELDS}
    hints = _written(Policy.from_dict(programme.policy))
    back = {"label": _("Till överenskommelsen"), "href": paths("agreement", agreement_id=agreement_id)}
    heading, path = _("Påminnelser för den här överenskommelsen"), paths("agreement_reminders", agreement_id=agreement_id)
    return _page(request, visit, shown or Shown(typed), heading, path, back, standing.agreement.version, hints=hints)


def _page(
    request: Request,
    visit: Visiting,
    shown: Shown,
    heading: str,
    action: str,
    back: Mapping[str, str],
    version: int,
    **rest: Any,
) -> HTMLResponse:
    return render(
        request,
        "settings/reminders.html",
        status=412 if shown.stale else 422 if shown.errors else 200,
        heading=heading,
        action=action,
        back=back,
        version=version,
        typed={name: shown.typed.get(name, "") for name in (*_FIELDS, "quiet")},
        tried=_in_words(shown.tried, Paths(request)) if shown.tried else None,
        errors=shown.errors,
        stale=shown.stale,
        unsaved=bool(shown.tried or shown.errors or shown.stale),
        said=_("Påminnelserna är ändrade.") if request.query_params.get("klart") == "sparat" else "",
        where=visit.organisation,
        key=visit.new_key(),
        **{"hints": {}, "quiet": False, **rest},
    )


def _in_words(tried: Tried, paths: Paths) -> dict[str, object]:
    """Next week's reminders as they are and as they would be: how many, and each with when, to whom and why not."""
    count = ngettext("Nästa vecka skickas en påminnelse.", "Nästa vecka skickas {count} påminnelser.", tried.sent_then)
    if not tried.sent_then:
        count = _("Nästa vecka skickas inga påminnelser.")
    return {
        "lead": count,
        "before": ngettext("Utan ändringen är det en.", "Utan ändringen är det {count}.", tried.sent_now),
        "then": [_entry(one, paths) for one in tried.then],
        "now": [_entry(one, paths) for one in tried.now],
    }


def _entry(one: Planned, paths: Paths) -> dict[str, object]:
    skipped = one.status is Status.skipped
    return {
        "title": joined(", ", (PURPOSES[one.purpose], one.organisation)),
        "href": paths("agreement", agreement_id=one.agreement_id) if one.agreement_id else "",
        "meta": (date_long(one.on), _("Till {recipient}", recipient=one.recipient) if one.recipient else _("Ingen mottagare")),
        "tone": "out" if skipped else "act",
        "label": _("Skickas inte") if skipped else _("Planerad"),
        "hint": joined(" ", one.why),
    }


def _written(policy: Policy) -> dict[str, str]:
    """A policy as the form has it."""
    return {
        "before": _numbers(policy.before),
        "after": _numbers(policy.after),
        "signature_after": _numbers(policy.signature_after),
        "opens": f"{policy.window[0]:%H:%M}",
        "closes": f"{policy.window[1]:%H:%M}",
        "max_unanswered": str(policy.max_unanswered),
    }


def _numbers(days: Any) -> str:
    return ", ".join(str(day) for day in days)


def _quiet_text(programme: Programme) -> str:
    return "\n".join(f"{q['from']} {q['to']} {q.get('reason', '')}".rstrip() for q in programme.quiet_periods)
