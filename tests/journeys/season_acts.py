"""What people do in a season: every sentence of the script is one or two use cases, by the person who does it, at their time."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from service.cases import contacts, dates, finish, propose, reopen, respond, sign_in, step_up, tasks
from service.cases.demo import PLAN
from service.cases.plan_file import read_plan
from service.cases.programmes import create_agreements, create_programme
from service.store.standing import Standing
from service.store.tables import ClauseVersion, DateRequest, Organisation
from service.store.tables.response import AnswerKind
from states.clause import Negotiated
from states.errors import Stale
from states.parties import Actor, Role
from tests.journeys.season_stage import REGION, Script, Stage, address

BROWSER = "the browser at work"
Act = Callable[..., None]
Numbered = dict[int, Script]
"""New texts and their reasons by the number of the area."""
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
        propose.send_proposal(session, actor, now, stage.agreements[place], due=due.get("svar senast"), due_firm=due.get("fast"))


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
def _too_late(stage: Stage, now: datetime, details: Numbered, name: str, place: str) -> None:
    """A colleague had the page open since before; they are shown both texts."""
    ((number, new),) = details.items()
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
def _reopen(stage: Stage, now: datetime, details: Numbered, place: str) -> None:
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
    step_up_by_mail(stage, now, actor, "decline", stage.agreements[place])
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
        contacts.assign(session, actor, now, stage.organisations[place], None, newcomer(details, place, Role.main))


@act("(?P<place>[^ ]+) byter kontakt")
def _hand_over(stage: Stage, now: datetime, details: Script, place: str) -> None:
    with stage.store.write() as session:
        old = stage.contact(session, place)
        assert old.assignment
        contacts.hand_over(session, old, now, old.assignment, newcomer(details, place, Role.main))


def newcomer(told: Script, place: str, role: Role) -> contacts.NewContact:
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


@act("Regionen stänger uppgiften om mejlet som inte kom fram")
def _seen_to(stage: Stage, now: datetime, _: None) -> None:
    with stage.store.write() as session:
        actor = stage.contact(session, REGION)
        (due,) = [due for due in tasks.open_tasks(session, actor, now) if due.task.kind == "mail_failed"]
        tasks.close_task(session, actor, now, due.task.id)


def _place(stage: Stage, agreement: UUID | None) -> str:
    return next(place for place, known in stage.agreements.items() if known == agreement)


@act("(?P<name>.+)s brevlåda tar inte emot mejl")
def _refuse_mail(stage: Stage, now: datetime, _: None, name: str) -> None:
    place = next(p for p in stage.agreements if name in _names(stage, p))
    stage.office.refused_recipients[address(name, place)] = "550 5.1.1 unknown"


def _names(stage: Stage, place: str) -> list[str]:
    with stage.store.read() as session:
        return [a.name for a in stage.actors(session, place)]


def step_up_by_mail(stage: Stage, now: datetime, actor: Actor, purpose: str, subject: UUID) -> None:
    """A code is asked for, comes by mail, and is typed in."""
    with stage.store.write() as session:
        step_up.ask_step_up(session, actor, now, now, purpose, subject, BROWSER)
    stage.deliver(now)
    with stage.store.write() as session:
        typed = stage.code(stage.email(session, actor))
        assert step_up.try_step_up(session, stage.settings.secret_keys, actor, now, purpose, subject, typed, BROWSER)
