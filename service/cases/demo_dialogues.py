"""The dialogues of the demonstration, brought to where they stand through the same use cases as the pages use."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from sqlmodel import Session, col, select

from service.cases import dialogue, dialogue_findings, dialogue_hold, dialogue_invite, dialogue_notes, dialogue_reply
from service.store.dialogue import invited, meetings_of
from service.store.files import Files
from service.store.tables import (
    CooperationArea,
    Invitation,
    Organisation,
    PopulationFigure,
)
from states.calendar import at
from states.dialogue import FindingKind, Item, Kind, Reply
from states.parties import Actor, OrganisationKind
from states.rhythm import Every, Rhythm

TOLD = Path(__file__).parents[1] / "demo" / "dialoger.yaml"

Story = dict[str, Any]
Happening = tuple[datetime, Callable[[Session, datetime], object]]
_MORNING = time(9, 30)


@dataclass(slots=True)
class _Stage:
    """What the dialogues are told with."""

    files: Files
    programme: UUID
    organisations: Mapping[str, UUID]
    strategists: Mapping[str, Actor]
    series: dict[str, UUID] = field(default_factory=dict)


@dataclass(slots=True)
class _Round:
    """One round of the file and, once it is planned, its row."""

    told: Story
    stage: _Stage
    id: UUID = field(default_factory=lambda: UUID(int=0))

    @property
    def strategist(self) -> Actor:
        return self.stage.strategists[self.told["region"]]


def happenings(
    session: Session,
    files: Files,
    programme: UUID,
    home: Actor,
    organisation: Callable[[Session, OrganisationKind, Story], UUID],
    person: Callable[[Session, UUID, Story], Actor],
) -> Iterator[Happening]:
    """Put the other organisations and people there, then everything that happens in the dialogues, by its moment."""
    raw: Story = yaml.safe_load(TOLD.read_text(encoding="utf-8"))
    strategists = {"Dalarna": home}
    for entry in raw["regions"]:
        strategists[entry["name"]] = person(session, organisation(session, OrganisationKind.region, entry), entry["strategist"])
    for entry in raw["organisations"]:
        made = organisation(session, OrganisationKind(entry["kind"]), entry)
        for one in entry["people"]:
            person(session, made, one)
    known = {row.short_name: row for row in session.exec(select(Organisation))}
    for row in known.values():
        if (people := raw["people"].get(row.municipality_code)) is not None:
            session.add(PopulationFigure(organisation_id=row.id, day=raw["people_on"], people=people))
    stage = _Stage(files, programme, {name: row.id for name, row in known.items()}, strategists)
    begun = at(min(entry["planned"] for entry in raw["rounds"]) - timedelta(days=7), _MORNING)
    for key, entry in raw["series"].items():
        yield begun, partial(_series, stage, key, entry)
    for number, entry in enumerate(raw["rounds"]):
        for moment, happens in _of_round(_Round(entry, stage)):
            yield moment + timedelta(minutes=2 * number), happens


def _of_round(one: _Round) -> Iterator[Happening]:
    """What happens to a round, as far as its entry goes."""
    told = one.told
    yield at(told["planned"], _MORNING), partial(_plan, one)
    if "invited" not in told:
        return
    yield at(told["invited"]["day"], time(10)), partial(_invite, one)
    for entry in told.get("replies", ()):
        yield at(entry["day"], time(11)), partial(_reply, one, entry)
    for entry in told.get("answers", ()):
        yield at(entry["day"], time(13)), partial(_answer, one, entry)
    if "answers" in told:
        yield at(told["answers"][-1]["day"], time(15)), partial(_findings, one)
    elif told.get("findings"):
        yield at(told["meeting"]["day"], time(16)), partial(_hold, one)
        yield at(told["meeting"]["day"], time(16, 1)), partial(_findings, one)
    if "notes" in told:
        yield at(told["notes"]["day"], time(10)), partial(_notes, one)
    if "closed" in told:
        yield at(told["closed"], time(9)), partial(_close, one)
    for entry in told.get("actions", ()):
        if "done" in entry:
            yield at(entry["done"], time(14)), partial(_done, one, entry)


def _series(stage: _Stage, key: str, entry: Story, session: Session, now: datetime) -> None:
    pace = entry.get("rhythm")
    rhythm = Rhythm(Every(pace["every"]), pace["week"], pace["weekday"], pace["month"]) if pace else None
    home = entry["region"] == "Dalarna"
    made = dialogue.create_series(
        session,
        stage.strategists[entry["region"]],
        now,
        entry["name"],
        Kind(entry["kind"]),
        programme=stage.programme if home else None,
        groups=entry["groups"],
        rhythm=rhythm,
    )
    stage.series[key] = made.id


def _plan(one: _Round, session: Session, now: datetime) -> None:
    told = one.told
    plan = dialogue.RoundPlan(
        title=told["title"],
        kind=Kind(told["kind"]),
        questions=told.get("questions", ()),
        sector=told.get("sector", ""),
        rsvp_due=told.get("rsvp_due"),
        meetings=[_meeting(told["meeting"])] if "meeting" in told else (),
        agenda=[Item(**item) for item in told.get("agenda", ())],
        series=one.stage.series[told["series"]] if "series" in told else None,
    )
    home = one.stage.programme if told["region"] == "Dalarna" else None
    one.id = dialogue.create_round(session, one.strategist, now, plan, programme=home).id


def _meeting(told: Story) -> dialogue.MeetingPlan:
    day: date = told["day"]
    return dialogue.MeetingPlan(
        at(day, time.fromisoformat(told["from"])),
        at(day, time.fromisoformat(told["to"])),
        told["place"],
        remote=told.get("remote", False),
        capacity=told.get("capacity"),
    )


def _invite(one: _Round, session: Session, now: datetime) -> None:
    asked = [one.stage.organisations[name] for name in one.told["invited"]["who"]]
    dialogue_invite.invite(session, one.strategist, now, one.id, dialogue_invite.Choice(asked))


def _reply(one: _Round, entry: Story, session: Session, now: datetime) -> None:
    invitation, actor = _of(one, session, entry["who"])
    answer = dialogue_reply.Answer(Reply(entry["reply"]), entry.get("substitute", ""), entry.get("email", ""))
    dialogue_reply.reply(session, actor, now, invitation.id, answer)


def _answer(one: _Round, entry: Story, session: Session, now: datetime) -> None:
    invitation, actor = _of(one, session, entry["who"])
    given = dialogue_findings.Received(entry["text"], case_number=entry.get("case", ""))
    entry["id"] = dialogue_findings.receive_answer(session, actor, now, invitation.id, given).id


def _of(one: _Round, session: Session, who: str) -> tuple[Invitation, Actor]:
    """The invitation of an organisation and its person."""
    found = next(g for g in invited(session, one.id) if g.organisation.short_name == who)
    return found.row, Actor(found.assignment.id, found.person.id, found.organisation.id, found.assignment.role, found.person.name)


def _hold(one: _Round, session: Session, now: datetime) -> None:
    gone, meeting = one.told.get("absent", ()), meetings_of(session, one.id)[0]
    came = [
        dialogue_hold.Present(g.row.id, g.row.substitute_name, remote=g.row.reply is Reply.remote)
        for g in invited(session, one.id)
        if g.organisation.short_name not in gone
    ]
    dialogue_hold.note_attendance(session, one.strategist, now, meeting.id, came)
    dialogue_hold.hold(session, one.strategist, now, one.id)


def _findings(one: _Round, session: Session, now: datetime) -> None:
    stage, actor = one.stage, one.strategist
    for entry in one.told.get("findings", ()):
        made = dialogue_findings.note_finding(
            session,
            actor,
            now,
            one.id,
            FindingKind(entry["kind"]),
            entry["text"],
            organisation=stage.organisations.get(entry.get("who", "")),
            answer=next((a["id"] for a in one.told.get("answers", ()) if a["who"] == entry.get("answer")), None),
            areas=_areas(session, stage.programme, entry.get("areas", ())),
        )
        if "aside" in entry:
            dialogue_findings.set_aside(session, actor, now, made.id, entry["aside"])
    for entry in one.told.get("actions", ()):
        owner = _owner(one, session, entry["owner"]).assignment
        action = dialogue_findings.note_action(session, actor, now, one.id, entry["text"], owner=owner, due=entry.get("due"))
        entry["id"] = action.id


def _areas(session: Session, programme: UUID, numbers: list[int]) -> list[UUID]:
    query = select(CooperationArea.id).where(
        col(CooperationArea.programme_id) == programme, col(CooperationArea.number).in_(numbers)
    )
    return list(session.exec(query).all())


def _owner(one: _Round, session: Session, who: str) -> Actor:
    return one.stage.strategists[who] if who in one.stage.strategists else _of(one, session, who)[1]


def _notes(one: _Round, session: Session, now: datetime) -> None:
    dialogue_notes.summarise(session, one.stage.files, one.strategist, now, one.id, one.told["notes"]["text"])


def _close(one: _Round, session: Session, now: datetime) -> None:
    dialogue_notes.close(session, one.strategist, now, one.id)


def _done(one: _Round, entry: Story, session: Session, now: datetime) -> None:
    dialogue_findings.finish_action(session, _owner(one, session, entry["owner"]), now, entry["id"], entry["outcome"])
