"""Giving a signature, on pages of their own: by a mailed code, by a paper that another person compares, or saying no."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.cases import documents, sign, step_up
from service.pages.clashes import NAMES
from service.pages.rendering import Paths, see_other
from service.pages.signing import Refusal, back_to, clauses_of, filled, form_page, frozen_only, load, taking, uuids
from service.pages.signing_view import Place, Signing
from service.pages.steps import day
from service.store.standing import relation
from service.web import Form, Typed, Visit, permit
from states.access import Operation, require
from states.errors import FieldError, Invalid, NotFound
from states.facts import FIELD_CODES
from states.said import _

router = APIRouter(include_in_schema=False)

PURPOSE = "sign"
LABELS = tuple((code, NAMES[code]) for code in FIELD_CODES)
_STAGES = (_("Läs texten"), _("Skriv under med kod"))


@router.get("/overenskommelser/{agreement_id}/underskrifter/{slot_id}", name="signature")
@permit(Operation.sign)
def read_and_sign(request: Request, visit: Visit, agreement_id: UUID, slot_id: UUID) -> Response:
    stage = "code" if request.query_params.get("steg") == "kod" else "read"
    return _sign_form(request, visit, load(visit, agreement_id), slot_id, stage)


@router.post("/overenskommelser/{agreement_id}/underskrifter/{slot_id}/kod", name="signature_code")
@permit(Operation.sign)
def send_code(request: Request, visit: Visit, agreement_id: UUID, slot_id: UUID, _: Typed) -> Response:
    """Mail a fresh code; it holds ten minutes, for this slot, in this browser."""
    s = load(visit, agreement_id)
    _mine(s, slot_id)
    with taking(lambda refused: _sign_form(request, visit, s, slot_id, "read", refused)) as done, visit.write() as session:
        step_up.ask_step_up(session, visit.actor, visit.now, visit.real_now, PURPOSE, slot_id, visit.browser)
    path = Paths(request)("signature", agreement_id=agreement_id, slot_id=slot_id)
    return done.answer or see_other(request, f"{path}?steg=kod")


@router.post("/overenskommelser/{agreement_id}/underskrifter/{slot_id}")
@permit(Operation.sign)
def give(request: Request, visit: Visit, agreement_id: UUID, slot_id: UUID, typed: Typed) -> Response:
    """The right code is the signature, on the text whose control code the person has read."""
    s = load(visit, agreement_id)
    _mine(s, slot_id)
    with taking(lambda refused: _sign_form(request, visit, s, slot_id, "code", refused)) as done:
        visit.confirm_code(PURPOSE, slot_id, typed.get("code", ""))
        with visit.write() as session:
            step_up.use_step_up(session, visit.actor, visit.real_now, PURPOSE, slot_id)
            sign.sign(session, visit.actor, visit.now, slot_id, typed.get("control_code", ""))
    return done.answer or see_other(request, back_to(request, agreement_id, "underskriven"))


@router.get("/overenskommelser/{agreement_id}/underskrifter/{slot_id}/nej", name="refusal")
@permit(Operation.sign)
def ask_to_refuse(request: Request, visit: Visit, agreement_id: UUID, slot_id: UUID) -> Response:
    return _refuse_form(request, visit, load(visit, agreement_id), slot_id, {})


@router.post("/overenskommelser/{agreement_id}/underskrifter/{slot_id}/nej")
@permit(Operation.sign)
def refuse(request: Request, visit: Visit, agreement_id: UUID, slot_id: UUID, typed: Typed) -> Response:
    s = load(visit, agreement_id)
    _mine(s, slot_id)
    with taking(lambda refused: _refuse_form(request, visit, s, slot_id, typed, refused)) as done:
        clauses = uuids(typed.many("clauses"), "clauses")
        with visit.write() as session:
            sign.refuse(session, visit.actor, visit.now, slot_id, typed.get("reason", ""), clauses)
    return done.answer or see_other(request, back_to(request, agreement_id, "nej"))


@router.get("/overenskommelser/{agreement_id}/underskrifter/{slot_id}/papper", name="paper")
@permit(Operation.upload_signed_paper)
def ask_for_paper(request: Request, visit: Visit, agreement_id: UUID, slot_id: UUID) -> Response:
    return _paper_form(request, visit, load(visit, agreement_id), slot_id, {})


@router.post("/overenskommelser/{agreement_id}/underskrifter/{slot_id}/papper")
@permit(Operation.upload_signed_paper)
def upload(request: Request, visit: Visit, agreement_id: UUID, slot_id: UUID, typed: Typed) -> Response:
    s = load(visit, agreement_id)
    s.place(slot_id)
    with taking(lambda refused: _paper_form(request, visit, s, slot_id, typed, refused)) as done:
        scan, signed_on = typed.file("scan"), day(typed, "signed_on")
        if scan is None or not scan.data:
            raise Invalid(FieldError("scan", "missing", _("Välj den skannade filen.")))
        with visit.write() as session:
            kept = documents.keep_scan(session, visit.files, visit.actor, visit.now, agreement_id, scan.data)
            code = typed.get("control_code", "")
            sign.record_paper(session, visit.actor, visit.now, slot_id, code, kept.id, signed_on)
    return done.answer or see_other(request, back_to(request, agreement_id, "papper"))


@router.get("/overenskommelser/{agreement_id}/kontroller/{signature_id}", name="verification")
@permit(Operation.verify_signed_paper)
def ask_to_verify(request: Request, visit: Visit, agreement_id: UUID, signature_id: UUID) -> Response:
    s = load(visit, agreement_id)
    require(Operation.verify_signed_paper, visit.actor.role, relation(visit.actor, s.standing.agreement))
    return _verify_form(request, visit, s, signature_id, {})


@router.post("/overenskommelser/{agreement_id}/kontroller/{signature_id}")
@permit(Operation.verify_signed_paper)
def verify(request: Request, visit: Visit, agreement_id: UUID, signature_id: UUID, typed: Typed) -> Response:
    s = load(visit, agreement_id)
    require(Operation.verify_signed_paper, visit.actor.role, relation(visit.actor, s.standing.agreement))
    s.checked(signature_id)
    holds = typed.get("holds") == "yes"
    with taking(lambda refused: _verify_form(request, visit, s, signature_id, typed, refused)) as done:
        if typed.get("holds") not in ("yes", "no"):
            raise Invalid(FieldError("holds", "missing", _("Välj om pappret stämmer med texten.")))
        with visit.write() as session:
            sign.verify_paper(session, visit.actor, visit.now, signature_id, holds=holds, why=typed.get("reason", ""))
    return done.answer or see_other(request, back_to(request, agreement_id, "stammer" if holds else "stammer-inte"))


def _mine(s: Signing, slot_id: UUID) -> Place:
    """The person's own place; anybody else's does not exist for them here."""
    place = frozen_only(s).place(slot_id)
    if not place.mine:
        raise NotFound
    return place


def _sign_form(request: Request, visit: Visit, s: Signing, slot_id: UUID, stage: str, refused: Refusal | None = None) -> Response:
    place, paths = _mine(s, slot_id), Paths(request)
    at = 0 if stage == "read" else 1
    line = [{"title": t, "state": "done" if n < at else "now" if n == at else "later"} for n, t in enumerate(_STAGES)]
    return form_page(
        request,
        visit,
        "sign",
        s,
        _("Skriv under"),
        paths("signature", agreement_id=s.agreement_id, slot_id=slot_id),
        refused,
        code_action=paths("signature_code", agreement_id=s.agreement_id, slot_id=slot_id),
        place=place,
        stage=stage,
        line=line,
        labels=LABELS,
    )


def _refuse_form(
    request: Request, visit: Visit, s: Signing, slot_id: UUID, typed: Mapping[str, str], refused: Refusal | None = None
) -> Response:
    _mine(s, slot_id)
    return form_page(
        request,
        visit,
        "refuse",
        s,
        _("Jag skriver inte under"),
        Paths(request)("refusal", agreement_id=s.agreement_id, slot_id=slot_id),
        refused,
        clauses=clauses_of(s),
        chosen=typed.many("clauses") if isinstance(typed, Form) else [],
        typed=filled(typed, "reason"),
    )


def _paper_form(
    request: Request, visit: Visit, s: Signing, slot_id: UUID, typed: Mapping[str, str], refused: Refusal | None = None
) -> Response:
    place = frozen_only(s).place(slot_id)
    action = Paths(request)("paper", agreement_id=s.agreement_id, slot_id=slot_id)
    shown = filled(typed, "signed_on", signed_on=s.today.isoformat())
    return form_page(request, visit, "paper", s, _("Underskrift på papper"), action, refused, place=place, typed=shown)


def _verify_form(
    request: Request, visit: Visit, s: Signing, signature_id: UUID, typed: Mapping[str, str], refused: Refusal | None = None
) -> Response:
    place = frozen_only(s).checked(signature_id)
    return form_page(
        request,
        visit,
        "verify",
        s,
        _("Kontrollera underskriften"),
        Paths(request)("verification", agreement_id=s.agreement_id, signature_id=signature_id),
        refused,
        place=place,
        given=place.to_verify,
        typed=filled(typed, "holds", "reason"),
    )
