"""What people do in a season when the text is agreed: case numbers, boards, signatures, publication."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases import case_number, decide, documents, opening, publish, sign, signatories, step_up
from service.cases.remind_signers import remind_signers
from service.store.standing import current_frozen
from service.store.tables import ContactAssignment, Signature, SignatureSlot
from states.decision import Kind, Outcome
from states.parties import Actor, Role
from tests.journeys.season_acts import act, newcomer, step_up_by_mail
from tests.journeys.season_stage import REGION, Script, Stage

SCAN = b"%PDF-1.7 a scan"


@act("(?P<place>[^ ]+) anger diarienummer (?P<number>.+)")
def _case_number(stage: Stage, now: datetime, _: None, place: str, number: str) -> None:
    with stage.store.write() as session:
        standing, actor = stage.standing(session, place), stage.contact(session, place)
        case_number.set_case_number(session, actor, now, standing, standing.party_of(actor).id, number)


@act("(?P<place>[^ ]+) utser undertecknare")
def _slots(stage: Stage, now: datetime, _: None, place: str) -> None:
    """The municipality names its own; the strategist those of the region."""
    with stage.store.write() as session:
        for where in (place, REGION):
            standing, actor = stage.standing(session, place), stage.contact(session, where)
            chosen = [a for a in stage.actors(session, where) if a.role is Role.signatory]
            plans = [signatories.SlotPlan(a.assignment, _title(session, a)) for a in chosen]
            signatories.plan_slots(session, actor, now, standing.agreement.id, standing.party_of(actor).id, plans)


def _title(session: Session, actor: Actor) -> str:
    assert actor.assignment
    return session.get_one(ContactAssignment, actor.assignment).title


@act("(?P<place>[^ ]+) väljer nämnd")
def _board(stage: Stage, now: datetime, told: Script, place: str) -> None:
    with stage.store.write() as session:
        standing, actor = stage.standing(session, place), stage.contact(session, place)
        plan = decide.StepPlan(Kind(told["slag"]), told["namn"], told.get("möte"), told.get("handlingar"))
        decide.plan_step(session, actor, now, standing.agreement.id, standing.party_of(actor).id, plan)


@act("(?P<place>[^ ]+) begär beslut")
def _request_decision(stage: Stage, now: datetime, _: None, place: str) -> None:
    with stage.store.write() as session:
        decide.request_decision(session, stage.contact(session, place), now, stage.agreements[place])


@act("(?P<place>[^ ]+) skickar handlingarna")
def _papers(stage: Stage, now: datetime, _: None, place: str) -> None:
    with stage.store.write() as session:
        decide.send_papers(session, stage.contact(session, place), now, _step(stage, session, place))


@act("(?P<place>[^ ]+) skriver in beslutet")
def _outcome(stage: Stage, now: datetime, told: Script, place: str) -> None:
    with stage.store.write() as session:
        decided = decide.Decided(
            Outcome(told["utfall"]),
            _control_code(stage, session, place),
            told["dag"],
            paragraph=told.get("paragraf", ""),
            reason=told.get("skäl", ""),
            next_meeting=told.get("nytt möte"),
        )
        decide.record_outcome(session, stage.contact(session, place), now, _step(stage, session, place), decided)


@act("(?P<place>[^ ]+) anmäler delegationsbeslutet under (?P<paragraph>.+)")
def _report(stage: Stage, now: datetime, _: None, place: str, paragraph: str) -> None:
    with stage.store.write() as session:
        decide.report_decision(session, stage.contact(session, place), now, _step(stage, session, place), paragraph)


def _step(stage: Stage, session: Session, place: str) -> UUID:
    return opening.steps_of(session, stage.agreements[place])[0].id


def _control_code(stage: Stage, session: Session, place: str) -> str:
    frozen = current_frozen(session, stage.agreements[place])
    assert frozen
    return frozen.control_code


# ------------------------------------------------------------------ signatures
@act("Regionen öppnar för underskrift med (?P<place>.+)")
def _open_signing(stage: Stage, now: datetime, _: None, place: str) -> None:
    with stage.store.write() as session:
        opening.open_signing(session, stage.contact(session, REGION), now, stage.agreements[place])


@act("(?P<name>.+) skriver under för (?P<place>[^ ]+)")
def _sign(stage: Stage, now: datetime, _: None, name: str, place: str) -> None:
    """With the code that came by mail just before."""
    with stage.store.read() as session:
        actor, slot = _slot(stage, session, name, place)
    step_up_by_mail(stage, now, actor, "sign", slot.id)
    with stage.store.write() as session:
        step_up.use_step_up(session, actor, now, "sign", slot.id)
        sign.sign(session, actor, now, slot.id, _control_code(stage, session, place))


@act("Regionen påminner dem som inte har skrivit under för (?P<place>.+)")
def _by_hand(stage: Stage, now: datetime, _: None, place: str) -> None:
    with stage.store.write() as session:
        remind_signers(session, stage.contact(session, REGION), now, stage.agreements[place])


@act("(?P<name>.+) säger nej till att skriva under för (?P<place>[^ ]+)")
def _refuse(stage: Stage, now: datetime, told: Script, name: str, place: str) -> None:
    with stage.store.write() as session:
        actor, slot = _slot(stage, session, name, place)
        clauses = [stage.standing(session, place).clauses[n - 1].id for n in told["områden"]]
        sign.refuse(session, actor, now, slot.id, told["skäl"], clauses)


@act("(?P<name>.+) skriver under på papper för (?P<place>[^ ]+)")
def _on_paper(stage: Stage, now: datetime, _: None, name: str, place: str) -> None:
    """The municipality's contact hands in the scan."""
    with stage.store.write() as session:
        contact, (_actor, slot) = stage.contact(session, place), _slot(stage, session, name, place)
        kept = documents.keep_scan(session, stage.files, contact, now, stage.agreements[place], SCAN)
        sign.record_paper(session, contact, now, slot.id, _control_code(stage, session, place), kept.id, now.date())


@act("Regionen godkänner pappret från (?P<place>.+)")
def _verify(stage: Stage, now: datetime, _: None, place: str) -> None:
    with stage.store.write() as session:
        paper = session.exec(
            select(Signature)
            .join(SignatureSlot, col(SignatureSlot.id) == col(Signature.slot_id))
            .where(SignatureSlot.agreement_id == stage.agreements[place], col(Signature.verified_at).is_(None))
        ).one()
        sign.verify_paper(session, stage.contact(session, REGION), now, paper.id, holds=True)


@act("(?P<place>[^ ]+) låter en annan skriva under i stället för (?P<name>.+)")
def _replace(stage: Stage, now: datetime, details: Script, place: str, name: str) -> None:
    with stage.store.write() as session:
        _actor, slot = _slot(stage, session, name, place)
        signatories.name_another(session, stage.contact(session, place), now, slot.id, newcomer(details, place, Role.signatory))


@act("Regionen publicerar (?P<place>.+)")
def _publish(stage: Stage, now: datetime, _: None, place: str) -> None:
    with stage.store.write() as session:
        document = documents.signed_document(session, stage.agreements[place])
        assert document
        publish.publish(session, stage.contact(session, REGION), now, stage.agreements[place], document.id)


def _slot(stage: Stage, session: Session, name: str, place: str) -> tuple[Actor, SignatureSlot]:
    actor = stage.named(session, name, place)
    slots = opening.slots_of(session, stage.agreements[place])
    return actor, next(s for s in slots if s.assignment_id == actor.assignment)
