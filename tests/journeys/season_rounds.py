"""What people do in a season's dialogues: planning, inviting, answering, holding, and sending the notes."""

from datetime import datetime, time
from uuid import UUID

from sqlmodel import Session, select

from service.cases.dialogue import MeetingPlan, RoundPlan, change_round, create_round, create_series
from service.cases.dialogue_findings import Received, note_action, note_finding, receive_answer, set_aside
from service.cases.dialogue_hold import Present, hold, note_attendance
from service.cases.dialogue_invite import Choice, invite
from service.cases.dialogue_notes import summarise
from service.cases.dialogue_reply import Answer, reply
from service.cases.dialogue_time import NewTime, cancel, reschedule
from service.store.dialogue import meetings_of
from service.store.tables import CooperationArea, DialogueRound, DialogueSeries, Invitation, Meeting
from states.calendar import at
from states.dialogue import FindingKind, Item, Kind, Reply, State
from states.parties import Role
from states.rhythm import Every, Rhythm
from tests.journeys.season_acts import act
from tests.journeys.season_stage import REGION, Script, Stage

REPLIES = {"ja": Reply.yes, "distans": Reply.remote, "nej": Reply.no}


@act("Regionen planerar (?P<name>.+)")
def _plan(stage: Stage, now: datetime, told: Script, name: str) -> None:
    with stage.store.write() as session:
        plan = RoundPlan(
            told["rubrik"],
            Kind(told.get("slag", "dialogue")),
            questions=told.get("frågor", ()),
            rsvp_due=told["svar senast"],
            meetings=[_meeting(told)] if "dag" in told else [],
            agenda=[_item(*item) for item in told.get("dagordning", ())],
            series=_series(stage, session, now, told["serie"]) if "serie" in told else None,
        )
        row = create_round(session, stage.contact(session, REGION), now, plan, programme=stage.programme)
        stage.rounds[name] = row.id


@act("Regionen tar upp det föreslagna mötet i serien (?P<series>.+) som (?P<name>.+)")
def _take_up(stage: Stage, now: datetime, told: Script, series: str, name: str) -> None:
    """The draft that the sweep made when the last one had been held."""
    with stage.store.write() as session:
        mine = DialogueRound.series_id == _series(stage, session, now, {"namn": series}), DialogueRound.state == State.draft
        row = session.exec(select(DialogueRound).where(*mine)).one()
        stage.rounds[name] = row.id
        change_round(
            session,
            stage.contact(session, REGION),
            now,
            row.id,
            title=row.title,
            questions=row.questions,
            rsvp_due=told["svar senast"],
        )


def _meeting(told: Script) -> MeetingPlan:
    starts_at, ends_at = _times(told)
    return MeetingPlan(starts_at, ends_at, told.get("plats", ""), remote=told.get("distans", False))


def _item(title: str, minutes: int, leader: str = "") -> Item:
    return Item(title, minutes, leader)


def _times(told: Script) -> tuple[datetime, datetime]:
    begins, ends = (at(told["dag"], time.fromisoformat(clock.replace(".", ":"))) for clock in told["tid"])
    return begins, ends


def _series(stage: Stage, session: Session, now: datetime, told: Script) -> UUID:
    known = session.exec(select(DialogueSeries.id).where(DialogueSeries.name == told["namn"])).first()
    if known:
        return known
    pace = told["rytm"]
    rhythm = Rhythm(Every(pace["varje"]), pace["vecka"], pace["veckodag"], month=pace["månad"])
    actor = stage.contact(session, REGION)
    return create_series(session, actor, now, told["namn"], Kind.dialogue, programme=stage.programme, rhythm=rhythm).id


@act("Regionen bjuder in till (?P<name>.+)")
def _invite(stage: Stage, now: datetime, whom: list[str] | str, name: str) -> None:
    places = [p for p in stage.organisations if p != REGION] if whom == "alla" else whom
    with stage.store.write() as session:
        chosen = Choice([stage.organisations[p] for p in places])
        assert invite(session, stage.contact(session, REGION), now, stage.rounds[name], chosen)


@act("(?P<places>.+) svarar på inbjudan till (?P<name>.+)")
def _reply(stage: Stage, now: datetime, said: str | dict[str, str], place: str, name: str) -> None:
    ((what, substitute),) = said.items() if isinstance(said, dict) else [(said, "")]
    who, _, email = substitute.partition(", ")
    with stage.store.write() as session:
        mine = _invitation(stage, session, place, name)
        reply(session, stage.contact(session, place), now, mine.id, Answer(REPLIES[what], who, email))


@act("(?P<place>[^ ]+) svarar på remissen(?P<late> till regionen)?")
def _written(stage: Stage, now: datetime, said: str, place: str, late: str | None) -> None:
    """After the last day only the region can write it down."""
    with stage.store.write() as session:
        actor = stage.contact(session, REGION if late else place)
        receive_answer(session, actor, now, _invitation(stage, session, place, "remissen").id, Received(text=said))


@act("Regionen flyttar (?P<name>.+)")
def _move(stage: Stage, now: datetime, told: Script, name: str) -> None:
    starts_at, ends_at = _times(told)
    with stage.store.write() as session:
        new = NewTime(starts_at, ends_at, told["svar senast"], told["skäl"], told.get("plats"))
        reschedule(session, stage.contact(session, REGION), now, _only_meeting(stage, session, name).id, new)


@act("Regionen ställer in (?P<name>.+)")
def _cancel(stage: Stage, now: datetime, why: str, name: str) -> None:
    with stage.store.write() as session:
        cancel(session, stage.contact(session, REGION), now, stage.rounds[name], why)


@act("Regionen prickar av (?P<name>.+)")
def _hold(stage: Stage, now: datetime, there: list[str], name: str) -> None:
    with stage.store.write() as session:
        actor = stage.contact(session, REGION)
        came = [_invitation(stage, session, place, name) for place in there]
        present = [Present(one.id, substitute=one.substitute_name, remote=one.reply is Reply.remote) for one in came]
        note_attendance(session, actor, now, _only_meeting(stage, session, name).id, present)
        hold(session, actor, now, stage.rounds[name])


@act("Regionen skickar anteckningar från (?P<name>.+)")
def _summarise(stage: Stage, now: datetime, told: Script, name: str) -> None:
    with stage.store.write() as session:
        actor, about = stage.contact(session, REGION), stage.rounds[name]
        for found in told.get("inspel", ()):
            areas = [_area(stage, session, found["område"])] if "område" in found else []
            made = note_finding(session, actor, now, about, FindingKind(found["slag"]), found["text"], areas=areas)
            if "åt sidan" in found:
                set_aside(session, actor, now, made.id, found["åt sidan"])
        for promised in told.get("åtgärder", ()):
            owner = stage.named(session, promised["vem"], REGION, Role.strategist)
            note_action(session, actor, now, about, promised["text"], owner=owner.assignment, due=promised["dag"])
        summarise(session, stage.files, actor, now, about, told["text"])


def _area(stage: Stage, session: Session, number: int) -> UUID:
    mine = CooperationArea.programme_id == stage.programme, CooperationArea.number == number
    return session.exec(select(CooperationArea.id).where(*mine)).one()


def _invitation(stage: Stage, session: Session, place: str, name: str) -> Invitation:
    mine = Invitation.round_id == stage.rounds[name], Invitation.organisation_id == stage.organisations[place]
    return session.exec(select(Invitation).where(*mine)).one()


def _only_meeting(stage: Stage, session: Session, name: str) -> Meeting:
    (meeting,) = meetings_of(session, stage.rounds[name])
    return meeting
