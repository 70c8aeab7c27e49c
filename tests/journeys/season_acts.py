"""What people do in a season: every sentence of the script is one or two use cases, by the person who does it, at their time."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from service.cases import (
    case_number,
    contacts,
    dates,
    decide,
    documents,
    finish,
    opening,
    propose,
    publish,
    reopen,
    respond,
    sign,
    sign_in,
    signatories,
    step_up,
    tasks,
)
from service.cases.demo import PLAN
from service.cases.plan_file import read_plan
from service.cases.programmes import create_agreements, create_programme
from service.store.standing import Standing, current_frozen
from service.store.tables import ClauseVersion, ContactAssignment, DateRequest, Organisation, Signature, SignatureSlot
from service.store.tables.response import AnswerKind
from states.clause import Negotiated
from states.decision import Kind, Outcome
from states.errors import Stale
from states.parties import Actor, Role
from tests.journeys.season_stage import REGION, Script, Stage, address

SCAN = b"%PDF-1.7 a scan"
BROWSER = "the browser at work"
Act = Callable[..., None]
ACTS: list[tuple[re.Pattern[str], Act]] = []


def act(sentence: str) -> Callable[[Act], Act]:
    """Register what a sentence of the script means; its named groups are handed over, `places` as single names."""

    def register(does: Act) -> Act:
        ACTS.append((re.compile(sentence), does))
        return does

    return register


def happen(stage: Stage, now: datetime, sentence: str, details: Any) -> None:
    """Do what one sentence says, for each of those it names."""
    for pattern, does in ACTS:
        if found := pattern.fullmatch(sentence):
            words = found.groupdict()
            for place in re.split(", | och ", words["places"]) if "places" in words else [None]:
                given = {k: v for k, v in words.items() if k != "places"} | ({"place": place} if place else {})
                does(stage, now, details, **given)
            return
    raise LookupError(f"nobody knows how to do this: {sentence}")


# ------------------------------------------------------------------ the plan and the proposals
@act("Regionen skapar planen")
def _plan(stage: Stage, now: datetime, _: None) -> None:
    with stage.store.write() as session:
        elin = stage.contact(session, REGION)
        programme = create_programme(session, elin, now, read_plan(PLAN.read_text(encoding="utf-8")))
        towns = {p: o for p, o in stage.organisations.items() if p != REGION and _is_town(session, o)}
        made = create_agreements(session, elin, now, programme.id, list(towns.values()))
        stage.programme, stage.agreements = programme.id, dict(zip(towns, made.agreements, strict=True))


def _is_town(session: Session, organisation: UUID) -> bool:
    return session.get_one(Organisation, organisation).municipality_code is not None


@act("Regionen skickar förslaget till (?P<places>.+)")
def _propose(stage: Stage, now: datetime, details: Script | None, place: str) -> None:
    due = details or {}
    with stage.store.write() as session:
        actor = stage.contact(session, REGION)
        propose.send_proposal(
            session, actor, now, stage.agreements[place], due=due.get("svar senast"), due_firm=due.get("fast")
        )


@act("(?P<places>.+) öppnar länken")
def _open(stage: Stage, now: datetime, _: None, place: str) -> None:
    with stage.store.write() as session:
        email = stage.email(session, stage.contact(session, place))
        assert sign_in.open_link(session, now, now, stage.link(email), BROWSER)


# ------------------------------------------------------------------ answers
@act("Regionen svarar (?P<place>[^ ]+)")
def _region_answers(stage: Stage, now: datetime, details: Script, place: str) -> None:
    _answer(stage, now, details, place, REGION)


@act("(?P<place>[^ ]+) svarar")
def _party_answers(stage: Stage, now: datetime, details: Script, place: str) -> None:
    _answer(stage, now, details, place, place)


def _answer(stage: Stage, now: datetime, details: Script, place: str, by: str) -> None:
    with stage.store.write() as session:
        standing, actor = stage.standing(session, place), stage.contact(session, by)
        rows = [
            respond.save_answer(session, actor, now, standing.agreement.id, draft)
            for draft in _drafts(session, standing, actor, details)
        ]
        respond.send_response(session, actor, now, standing.agreement.id, rows[-1].response_id, real_now=now)


def _drafts(session: Session, standing: Standing, actor: Actor, told: Script) -> Iterator[respond.Draft]:
    rewrite, exclude, accept = told.get("skriver om", {}), told.get("tar bort", {}), told.get("godtar", [])
    me = standing.party_of(actor).id
    for number, clause in enumerate(standing.clauses, 1):
        if number in rewrite:
            yield _countering(session, clause, rewrite[number])
        elif number in exclude:
            yield respond.Draft(AnswerKind.exclude, clause.id, clause.head.id, reason=exclude[number])
        elif me in standing.clause_waits_on(clause) and (accept in ("alla", "resten") or number in accept):
            yield respond.Draft(AnswerKind.accept, clause.id, clause.head.id)
    if own := told.get("lägger till"):
        yield respond.Draft(AnswerKind.add, title=own["rubrik"], fields={"w": own["text"]})


def _countering(session: Session, clause: Negotiated, new: Script) -> respond.Draft:
    title, fields = _reworded(session, clause, new["text"])
    return respond.Draft(AnswerKind.counter, clause.id, clause.head.id, title, fields, new["skäl"])


def _reworded(session: Session, clause: Negotiated, text: str) -> tuple[str, dict[str, str]]:
    head = session.get_one(ClauseVersion, clause.head.id)
    return head.title, {**head.fields, "w": text}


@act("(?P<name>.+) i (?P<place>[^ ]+) sparar för sent")
def _too_late(stage: Stage, now: datetime, details: Script, name: str, place: str) -> None:
    """A colleague had the page open since before; they are shown both texts."""
    (number, new), = details.items()
    with stage.store.read() as session:
        colleague = stage.named(session, name, place, Role.deputy)
        clause = stage.standing(session, place).clauses[number - 1]
        first = session.get_one(ClauseVersion, clause.versions[0].id)
    typed = {**first.fields, "w": new["text"]}
    draft = respond.Draft(AnswerKind.counter, clause.id, first.id, first.title, typed, new["skäl"])
    with pytest.raises(Stale) as refused, stage.store.write() as session:
        respond.save_answer(session, colleague, now, stage.agreements[place], draft, answer_version=0)
    (conflict,) = refused.value.conflicts
    assert conflict.yours["w"] == new["text"] != conflict.theirs["w"] != conflict.base["w"]


@act("(?P<place>[^ ]+) öppnar igen")
def _reopen(stage: Stage, now: datetime, details: Script, place: str) -> None:
    with stage.store.write() as session:
        for number, new in details.items():
            clause = stage.standing(session, place).clauses[number - 1]
            title, fields = _reworded(session, clause, new["text"])
            actor = stage.contact(session, place)
            reopen.reopen(session, actor, now, stage.agreements[place], clause.id, clause.head.id, title, fields, new["skäl"])


@act("(?P<place>[^ ]+) tackar nej")
def _decline(stage: Stage, now: datetime, why: str, place: str) -> None:
    with stage.store.read() as session:
        actor = stage.contact(session, place)
    _step_up(stage, now, actor, "decline", stage.agreements[place])
    with stage.store.write() as session:
        step_up.use_step_up(session, actor, now, "decline", stage.agreements[place])
        finish.decline(session, actor, now, stage.agreements[place], why)


@act("(?P<place>[^ ]+) tar upp ärendet igen")
def _resume(stage: Stage, now: datetime, _: None, place: str) -> None:
    with stage.store.write() as session:
        finish.resume(session, stage.contact(session, place), now, stage.agreements[place])


# ------------------------------------------------------------------ dates, contacts, tasks
@act("Regionen ändrar svarsdag för (?P<places>.+)")
def _change_due(stage: Stage, now: datetime, details: Script, place: str) -> None:
    with stage.store.write() as session:
        actor = stage.contact(session, REGION)
        dates.change_due(session, actor, now, stage.agreements[place], details["dag"], firm=details["fast"])


@act("(?P<place>[^ ]+) föreslår ny svarsdag")
def _propose_date(stage: Stage, now: datetime, details: Script, place: str) -> None:
    with stage.store.write() as session:
        actor = stage.contact(session, place)
        dates.propose_date(session, actor, now, stage.agreements[place], details["dag"], details["skäl"])


@act("Regionen godtar (?P<place>.+?)s nya svarsdag")
def _grant_date(stage: Stage, now: datetime, _: None, place: str) -> None:
    with stage.store.write() as session:
        asked = session.exec(select(DateRequest).where(DateRequest.agreement_id == stage.agreements[place])).one()
        dates.answer_date(session, stage.contact(session, REGION), now, asked.id, granted=True)


@act("Regionen anmäler en ny kontakt i (?P<place>.+)")
def _name_contact(stage: Stage, now: datetime, details: Script, place: str) -> None:
    with stage.store.write() as session:
        actor = stage.contact(session, REGION)
        contacts.assign(session, actor, now, stage.organisations[place], None, _new(details, place, Role.main))


@act("(?P<place>[^ ]+) byter kontakt")
def _hand_over(stage: Stage, now: datetime, details: Script, place: str) -> None:
    with stage.store.write() as session:
        old = stage.contact(session, place)
        assert old.assignment
        contacts.hand_over(session, old, now, old.assignment, _new(details, place, Role.main))


def _new(told: Script, place: str, role: Role) -> contacts.NewContact:
    email = address(told["namn"], place)
    return contacts.NewContact(told["namn"], email, role, title=told["titel"], valid_from=told.get("från"))


@act("Regionen har ringt (?P<places>.+?)(?P<but> utom .+)?")
def _called(stage: Stage, now: datetime, said: str | None, place: str, but: str | None) -> None:
    """Every open task to call them is done; "alla utom" leaves one out."""
    left = stage.agreements[but.removeprefix(" utom ")] if but else None
    with stage.store.write() as session:
        actor = stage.contact(session, REGION)
        for due in tasks.open_tasks(session, actor, now):
            about = due.task.agreement_id
            if due.task.kind == "call" and about != left and place in ("alla", _place(stage, about)):
                tasks.close_task(session, actor, now, due.task.id, said or "Jag har ringt.")


def _place(stage: Stage, agreement: UUID | None) -> str:
    return next(place for place, known in stage.agreements.items() if known == agreement)


@act("(?P<name>.+)s brevlåda tar inte emot mejl")
def _refuse_mail(stage: Stage, now: datetime, _: None, name: str) -> None:
    place = next(p for p in stage.agreements if name in _names(stage, p))
    stage.office.refused_recipients[address(name, place)] = "550 5.1.1 unknown"


def _names(stage: Stage, place: str) -> list[str]:
    with stage.store.read() as session:
        return [a.name for a in stage.actors(session, place)]


# ------------------------------------------------------------------ the board
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
    _step_up(stage, now, actor, "sign", slot.id)
    with stage.store.write() as session:
        step_up.use_step_up(session, actor, now, "sign", slot.id)
        sign.sign(session, actor, now, slot.id, _control_code(stage, session, place))


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
        signatories.name_another(session, stage.contact(session, place), now, slot.id, _new(details, place, Role.signatory))


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


def _step_up(stage: Stage, now: datetime, actor: Actor, purpose: str, subject: UUID) -> None:
    """A code is asked for, comes by mail, and is typed in."""
    with stage.store.write() as session:
        step_up.ask_step_up(session, actor, now, now, purpose, subject, BROWSER)
    stage.deliver(now)
    with stage.store.write() as session:
        typed = stage.code(stage.email(session, actor))
        assert step_up.try_step_up(session, stage.settings.secret_keys, actor, now, purpose, subject, typed, BROWSER)
