"""Deciding and signing: decision steps, signature slots, signatures by code or on paper, the code before a signature."""

import hashlib
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, File, Form, Path, UploadFile
from fastapi.responses import Response
from sqlmodel import Session, col, select

from service.api.agreements import AgreementShown, answer
from service.api.contract import Body, Day, IfMatch, Shown, Small, made, once
from service.api.listing import Asked, Page
from service.api.route import Route
from service.cases import decide, documents, opening, sign, signatories, step_up
from service.store.standing import view
from service.store.tables import Signature, SignatureSlot
from service.web import UPLOAD_MAX, Visit, permit
from states import decision, slot
from states.access import Operation
from states.errors import NotFound, TooLarge

router = APIRouter(tags=["signing"], route_class=Route)


class StepShown(Shown):
    id: UUID
    party_id: UUID
    kind: decision.Kind
    body: str
    meeting_on: date | None
    papers_due: date | None
    state: decision.State
    outcome: decision.Outcome | None
    paragraph: str
    decided_on: date | None
    reason: str
    version: int


class StepBody(Body):
    party: UUID
    kind: decision.Kind
    body: str
    meeting_on: Day | None = None
    papers_due: Day | None = None


class OutcomeBody(Body):
    """What was decided about the text with this control code; clauses only with referred_back."""

    outcome: decision.Outcome
    control_code: str
    decided_on: Day
    paragraph: str = ""
    reason: str = ""
    clauses: list[UUID] = []
    next_meeting: Day | None = None


class SlotShown(Shown):
    id: UUID
    party_id: UUID
    position: int
    title: str
    authority: str
    mandate_until: date | None
    assignment_id: UUID | None
    state: slot.State
    requested_at: datetime | None
    version: int


class SlotBody(Body):
    assignment: UUID | None
    title: str
    authority: str = ""
    position: Small = 1
    mandate_until: Day | None = None


class PersonBody(Body):
    """Another person in a place: their assignment as a signatory, the title under the line, what the right to sign rests on."""

    assignment: UUID
    title: str
    authority: str = ""
    mandate_until: Day | None = None


class SlotsBody(Body):
    """Everybody who signs for one party."""

    party: UUID
    slots: list[SlotBody]


class SignatureShown(Shown):
    id: UUID
    slot_id: UUID
    control_code: str
    method: slot.Method
    signed_on: date
    at: datetime
    verified_at: datetime | None
    rejected_reason: str


class SignatureBody(Body):
    """A signature by code: the slot, the control code of the text that was read, the mailed code."""

    slot: UUID
    control_code: str
    code: str


class RefusalBody(Body):
    reason: str
    clauses: list[UUID] = []


class Paper(Body):
    """What tells one handed-in paper from another."""

    control_code: str
    signed_on: Day
    sha256: str


class VerificationBody(Body):
    holds: bool
    reason: str = ""


class StepUpShown(Shown):
    status: str = "sent"


class StepUpBody(Body):
    """Ask for a fresh code: before signing (subject: the slot) or declining (subject: the agreement)."""

    purpose: Literal["sign", "decline"]
    subject: UUID


@router.get("/agreements/{agreement_id}/decision-steps")
@permit(Operation.view_agreement)
def list_steps(visit: Visit, agreement_id: UUID, cut: Asked) -> Page[StepShown]:
    with visit.read() as session:
        view(session, visit.actor, agreement_id)
        return cut.whole([StepShown.model_validate(s) for s in opening.steps_of(session, agreement_id)])


@router.post("/agreements/{agreement_id}/decision-steps", response_model=StepShown, status_code=201)
@permit(Operation.plan_decision)
def plan_step(visit: Visit, agreement_id: UUID, body: StepBody, version: IfMatch) -> Response:
    """Say how a party decides, or change it while nothing is decided. If-Match is the agreement's."""
    plan = decide.StepPlan(body.kind, body.body, body.meeting_on, body.papers_due)

    def act(session: Session) -> Response:
        row = decide.plan_step(session, visit.actor, visit.now, agreement_id, body.party, plan, version)
        session.flush()
        return made(StepShown.model_validate(row), 201)

    return once(visit, body, act, required=False)


@router.post("/decision-steps/{step_id}/papers", response_model=StepShown)
@permit(Operation.plan_decision)
def send_papers(visit: Visit, step_id: UUID) -> Response:
    """Note that the board has its papers."""

    def act(session: Session) -> Response:
        return made(StepShown.model_validate(decide.send_papers(session, visit.actor, visit.now, step_id)))

    return once(visit, None, act)


@router.post("/decision-steps/{step_id}/outcome", response_model=AgreementShown)
@permit(Operation.record_outcome)
def record_outcome(visit: Visit, step_id: UUID, body: OutcomeBody, version: IfMatch) -> Response:
    """Record the minutes; If-Match is the step's version."""
    decided = decide.Decided(**body.model_dump())
    return once(
        visit, body, lambda s: answer(visit, s, decide.record_outcome(s, visit.actor, visit.now, step_id, decided, version))
    )


@router.get("/agreements/{agreement_id}/signature-slots")
@permit(Operation.view_agreement)
def list_slots(visit: Visit, agreement_id: UUID, cut: Asked) -> Page[SlotShown]:
    with visit.read() as session:
        view(session, visit.actor, agreement_id)
        return cut.whole([SlotShown.model_validate(s) for s in opening.slots_of(session, agreement_id)])


@router.put("/agreements/{agreement_id}/signature-slots")
@permit(Operation.plan_signing)
def put_slots(visit: Visit, agreement_id: UUID, body: SlotsBody, version: IfMatch) -> Page[SlotShown]:
    """Say who signs for a party; replaces what was said before."""
    plans = [signatories.SlotPlan(**s.model_dump()) for s in body.slots]
    with visit.write() as session:
        rows = signatories.plan_slots(session, visit.actor, visit.now, agreement_id, body.party, plans, version)
        return Page(items=[SlotShown.model_validate(row) for row in rows])


@router.put("/signature-slots/{slot_id}/person")
@permit(Operation.plan_signing)
def put_person(visit: Visit, slot_id: UUID, body: PersonBody, version: IfMatch) -> SlotShown:
    """Another person signs in a place that is not signed yet; If-Match is the slot's version."""
    plan = signatories.SlotPlan(**body.model_dump())
    with visit.write() as session:
        return SlotShown.model_validate(signatories.replace_signatory(session, visit.actor, visit.now, slot_id, plan, version))


@router.post("/signature-slots/{slot_id}/refusal", response_model=AgreementShown)
@permit(Operation.sign)
def refuse(visit: Visit, slot_id: UUID, body: RefusalBody) -> Response:
    return once(
        visit, body, lambda s: answer(visit, s, sign.refuse(s, visit.actor, visit.now, slot_id, body.reason, body.clauses))
    )


@router.get("/agreements/{agreement_id}/signatures")
@permit(Operation.view_agreement)
def list_signatures(visit: Visit, agreement_id: UUID, cut: Asked) -> Page[SignatureShown]:
    """Every signature there is, those on obsolete texts too."""
    with visit.read() as session:
        view(session, visit.actor, agreement_id)
        query = (
            select(Signature)
            .join(SignatureSlot, col(SignatureSlot.id) == col(Signature.slot_id))
            .where(col(SignatureSlot.agreement_id) == agreement_id)
            .order_by(col(Signature.id))
        )
        return cut.whole([SignatureShown.model_validate(s) for s in session.exec(query)])


@router.post("/agreements/{agreement_id}/signatures", response_model=AgreementShown, status_code=201)
@permit(Operation.sign)
def sign_by_code(visit: Visit, agreement_id: UUID, body: SignatureBody) -> Response:
    """Sign with the code of `/step-ups`; a wrong code counts as a try."""
    with visit.read() as session:
        place = session.get(SignatureSlot, body.slot)
        if place is None or view(session, visit.actor, place.agreement_id).agreement.id != agreement_id:
            raise NotFound

    def act(session: Session) -> Response:
        step_up.use_step_up(session, visit.actor, visit.real_now, "sign", body.slot)
        return answer(visit, session, sign.sign(session, visit.actor, visit.now, body.slot, body.control_code), 201)

    return once(visit, body, act, first=lambda: visit.confirm_code("sign", body.slot, body.code))


@router.post("/signature-slots/{slot_id}/papers", response_model=SignatureShown, status_code=201)
@permit(Operation.upload_signed_paper)
def upload_paper(
    visit: Visit,
    slot_id: UUID,
    control_code: Annotated[str, Form()],
    signed_on: Annotated[Day, Form()],
    scan: Annotated[UploadFile, File()],
) -> Response:
    """Upload the scan of a signature on paper; another person at the region verifies it."""
    data = scan.file.read(UPLOAD_MAX + 1)
    if len(data) > UPLOAD_MAX:
        raise TooLarge

    def act(session: Session) -> Response:
        place = session.get(SignatureSlot, slot_id)
        if place is None:
            raise NotFound
        kept = documents.keep_scan(session, visit.files, visit.actor, visit.now, place.agreement_id, data)
        row = sign.record_paper(session, visit.actor, visit.now, slot_id, control_code, kept.id, signed_on)
        return made(SignatureShown.model_validate(row), 201)

    paper = Paper(control_code=control_code, signed_on=signed_on, sha256=hashlib.sha256(data).hexdigest())
    return once(visit, paper, act)


@router.post("/signatures/{signature_id}/verification", response_model=AgreementShown)
@permit(Operation.verify_signed_paper)
def verify(visit: Visit, signature_id: UUID, body: VerificationBody) -> Response:
    return once(
        visit,
        body,
        lambda s: answer(visit, s, sign.verify_paper(s, visit.actor, visit.now, signature_id, holds=body.holds, why=body.reason)),
    )


@router.post("/step-ups", response_model=StepUpShown, status_code=202)
@permit(Operation.own_session)
def ask_step_up(visit: Visit, body: StepUpBody) -> Response:
    """Mail a fresh code to the caller; it lives ten minutes. 429 after many."""

    def act(session: Session) -> Response:
        step_up.ask_step_up(session, visit.actor, visit.now, visit.real_now, body.purpose, body.subject, visit.browser)
        return made(StepUpShown(), 202)

    return once(visit, body, act)


@router.get("/agreements/{agreement_id}/word-file", response_class=Response)
@permit(Operation.view_agreement)
def word_file(visit: Visit, agreement_id: UUID) -> Response:
    """The Word file of the text as it stands."""
    with visit.read() as session:
        file = documents.word_file(session, visit.actor, agreement_id)
    return Response(file.data, media_type=file.media_type, headers={"Content-Disposition": f'attachment; filename="{file.name}"'})


@router.get("/documents/{sha256}", response_class=Response)
@permit(Operation.view_agreement)
def get_document(visit: Visit, sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> Response:
    """A kept file by its hash."""
    with visit.read() as session:
        file = documents.stored_file(session, visit.files, visit.actor, sha256)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "ETag": f'"{sha256}"'}
    return Response(file.data, media_type=file.media_type, headers=headers)
