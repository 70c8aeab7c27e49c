"""A whole round of dialogue, from series to closed, and what is refused on the way."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar
from sqlmodel import Session, col, select

from service.cases.deliver import Sent, lease, settle
from service.cases.dialogue import MeetingPlan, RoundPlan, create_round, create_series, set_agenda
from service.cases.dialogue_findings import (
    Received,
    change_action,
    finish_action,
    link_finding,
    note_action,
    note_finding,
    receive_answer,
    set_aside,
)
from service.cases.dialogue_hold import Present, hold, note_attendance, turnout
from service.cases.dialogue_invite import Choice, invite, preview
from service.cases.dialogue_notes import close, comment, summarise
from service.cases.dialogue_reply import Answer, reply
from service.cases.dialogue_time import NewTime, cancel, reschedule
from service.cases.dialogue_word import notes_facts, notes_file
from service.cases.programmes import create_programme
from service.cases.remind import sweep
from service.cases.rounds import Stepped, step_rounds
from service.post import Outcome, Result
from service.store import history
from service.store.dialogue import agenda_of, meetings_of, trace
from service.store.files import Files
from service.store.kept import kept
from service.store.session import Store
from service.store.tables import (
    Agreement,
    Clause,
    ContactAssignment,
    CooperationArea,
    DialogueRound,
    Event,
    Invitation,
    Meeting,
    Message,
    Organisation,
    PopulationFigure,
    RoundMessage,
    Task,
)
from states.dialogue import FindingKind, Group, Item, Kind, MeetingStatus, Reply, SizeClass, State
from states.errors import Blocked, Invalid, NotAllowed, NotFound, NotYours, Stale
from states.parties import Actor, OrganisationKind, Role
from states.rhythm import Every, Rhythm
from tests.people import Cast, arrive, draft, join, plan

NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)
MORNING = datetime(2027, 4, 14, 7, 30, tzinfo=UTC)
AFTERNOON = datetime(2027, 4, 14, 13, 0, tzinfo=UTC)
RSVP = date(2027, 4, 2)
DAY = [
    Item("Kaffe och registrering", 30),
    Item("Välkommen", 15, "Torun Hällgren"),
    Item("Gruppsamtal", 225, output="prioriteringar"),
    Item("Sammanfattning", 60, "Torun Hällgren"),
]
SCHOOLS = ("Mora folkhögskola", "Fornby folkhögskola")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


@dataclass(slots=True)
class Scene:
    """The cast with a programme, a folk high school beside them, and one round."""

    cast: Cast
    school: UUID
    headmaster: Actor
    round: UUID
    meeting: UUID
    agreement: UUID

    @property
    def organisations(self) -> list[UUID]:
        return [self.cast.falun, self.cast.borlange, self.school]

    def everybody(self) -> Choice:
        return Choice(self.organisations)


def set_the_scene(session: Session, **changes: object) -> Scene:
    cast = arrive(session)
    agreement = draft(session, cast)
    programme = session.get_one(Agreement, agreement).programme_id
    school = Organisation(kind=OrganisationKind.folk_high_school, name=SCHOOLS[0], short_name="Mora")
    session.add(school)
    session.flush()
    session.add(PopulationFigure(organisation_id=cast.falun, day=date(2026, 11, 1), people=59_700))
    session.add(PopulationFigure(organisation_id=cast.borlange, day=date(2026, 11, 1), people=51_900))
    headmaster = join(session, "Rikard Lind", school.id, Role.main, "rektor")
    rhythm = Rhythm(Every.half_year, 2, 2, month=4)
    series = create_series(session, cast.elin, NOW, "Regional kulturdialog", Kind.dialogue, programme=programme, rhythm=rhythm)
    values: dict[str, object] = {"capacity": None, **changes}
    meeting = MeetingPlan(MORNING, AFTERNOON, "Folkets hus, Borlänge", remote=True, **values)  # type: ignore[arg-type]
    wanted = RoundPlan(
        "Regional kulturdialog 3",
        questions=["Vad fungerar bra?"],
        rsvp_due=RSVP,
        meetings=[meeting],
        agenda=DAY,
        series=series.id,
    )
    row = create_round(session, cast.elin, NOW, wanted, programme=programme)
    return Scene(cast, school.id, headmaster, row.id, meetings_of(session, row.id)[0].id, agreement)


def invitation(session: Session, scene: Scene, actor: Actor) -> Invitation:
    query = select(Invitation).where(Invitation.round_id == scene.round, Invitation.assignment_id == actor.assignment)
    return session.exec(query).one()


def mails(session: Session, purpose: str) -> list[Message]:
    query = select(Message).where(Message.purpose == purpose).order_by(col(Message.id))
    return list(session.exec(query).all())


def state(session: Session, scene: Scene) -> State:
    return session.get_one(DialogueRound, scene.round).state


def answers(session: Session, scene: Scene, actor: Actor, what: Reply, now: datetime = NOW, **substitute: str) -> None:
    reply(session, actor, now, invitation(session, scene, actor).id, Answer(what, **substitute))


def test_a_whole_round_from_series_to_closed(any_store: Store, files: Files) -> None:
    with any_store.write() as session:
        scene = set_the_scene(session)
        cast, elin = scene.cast, scene.cast.elin
        rows = invite(session, elin, NOW, scene.round, scene.everybody())
        assert len(rows) == len(mails(session, "dialogue_invitation")) == 3
    with any_store.write() as session:
        answers(session, scene, cast.karin, Reply.yes, substitute_name="Lo Ek", substitute_email="lo@falun.example")
        answers(session, scene, cast.hanna, Reply.remote)
        assert [m.recipient for m in mails(session, "dialogue_substitute")] == ["lo@falun.example"]
    reminded = datetime(2027, 3, 31, 6, tzinfo=UTC)
    with any_store.write() as session:
        assert sweep(session, reminded).queued == 1
        assert step_rounds(session, reminded) == Stepped()
        assert {m.recipient_name for m in mails(session, "dialogue_reminder")} == {"Rikard Lind"}
    with any_store.write() as session:
        assert step_rounds(session, datetime(2027, 4, 3, 5, tzinfo=UTC)) == Stepped(closed_rsvp=1)
        assert state(session, scene) is State.rsvp_closed
        with pytest.raises(NotAllowed):
            answers(session, scene, scene.headmaster, Reply.no)
    after = AFTERNOON + timedelta(hours=1)
    with any_store.write() as session:
        assert step_rounds(session, after) == Stepped(tasks=1)
        assert step_rounds(session, after) == Stepped()
        came = [Present(invitation(session, scene, cast.karin).id, substitute="Lo Ek")]
        came.append(Present(invitation(session, scene, cast.hanna).id, remote=True))
        meeting = note_attendance(session, elin, after, scene.meeting, came)
        there = turnout(session, meeting)
        assert [one.person.name for one in there.absent] == ["Rikard Lind"]
        assert str(there.total) == "2 av 3"
        assert there.coverage[Group(OrganisationKind.municipality, SizeClass.large)].words == "2 av 2"
        assert there.coverage[Group(OrganisationKind.folk_high_school)].words == "0 av 1"
        assert hold(session, elin, after, scene.round).state is State.held
    with any_store.write() as session:
        area = session.exec(select(CooperationArea).where(CooperationArea.number == 1)).one()
        found = note_finding(
            session, elin, after, scene.round, FindingKind.priority, "Scenkonst först.", organisation=cast.falun, areas=[area.id]
        )
        loose = note_finding(session, elin, after, scene.round, FindingKind.need, "Bättre kaffe.")
        promise = note_action(session, elin, after, scene.round, "Kartlägg scenerna.")
        clause = session.exec(select(Clause).where(Clause.area_id == area.id)).one()
        forward = trace(session, finding=found.id)
        assert [(t.area.id, t.clause and t.clause.id) for t in forward] == [(area.id, clause.id)]
        assert [t.finding.id for t in trace(session, clause=clause.id)] == [t.finding.id for t in trace(session, area=area.id)]
        assert [t.finding.id for t in trace(session, clause=clause.id)] == [found.id]
    with any_store.write() as session:
        row = summarise(session, files, elin, after, scene.round, "Tolv av femton deltog.")
        assert row.comments_until == date(2027, 4, 28)
        told = mails(session, "dialogue_notes")
        assert {m.recipient_name for m in told} == {"Karin Östlund", "Lo Ek", "Hanna Qvist", "Rikard Lind"}
        assert {files.get(one.sha256)[:2] for one in kept(session)} == {b"PK"}
        assert all("Scenkonst först." in m.body and "Kartlägg scenerna." in m.body for m in told)
        comment(session, scene.headmaster, after, scene.round, "Vi var sjuka den dagen.")
        with pytest.raises(NotFound):
            comment(session, cast.peter, after, scene.round, "Jag var inte bjuden.")
        with pytest.raises(Blocked) as early:
            close(session, elin, after, scene.round)
        assert [r.code for r in early.value.reasons] == [
            "comments-open",
            "action-without-owner",
            "action-without-date",
            "finding-loose",
        ]
    late = datetime(2027, 4, 29, 8, tzinfo=UTC)
    with any_store.write() as session:
        assert step_rounds(session, late).closed == 0
        assert step_rounds(session, late) == Stepped()
        said = session.exec(select(Task).where(Task.kind == "dialogue_not_closable")).one().detail
        assert (
            said
            == "En åtgärd saknar ansvarig. En åtgärd saknar datum. Ett inspel är varken kopplat eller lagt åt sidan med ett skäl."
        )
        with pytest.raises(Blocked):
            comment(session, scene.headmaster, late, scene.round, "För sent.")
        set_aside(session, elin, late, loose.id, "Lokalen bestämmer.")
        change_action(session, elin, late, promise.id, owner=cast.karin.assignment, due=date(2027, 6, 18))
        assert step_rounds(session, late).closed == 1
        assert state(session, scene) is State.closed
        finish_action(session, elin, late, promise.id, "Klart i juni.")
    with any_store.read() as session:
        assert history.verify(session) is None
        kinds = {e.kind for e in session.exec(select(Event)) if e.kind.startswith("dialogue_")}
        assert {"dialogue_invite", "dialogue_close_rsvp", "dialogue_hold", "dialogue_summarise", "dialogue_close"} <= kinds


def test_the_next_round_of_a_series_is_proposed_once_and_opens_with_the_actions(store: Store) -> None:
    with store.write() as session:
        scene = held_round(session)
        elin = scene.cast.elin
        note_action(session, elin, AFTERNOON, scene.round, "Kartlägg scenerna.", owner=elin.assignment, due=date(2027, 6, 18))
        assert step_rounds(session, AFTERNOON + timedelta(hours=1)).proposed == 1
        assert step_rounds(session, AFTERNOON + timedelta(hours=2)).proposed == 0
        drafted = session.exec(select(DialogueRound).where(DialogueRound.number == 2)).one()
        meeting = meetings_of(session, drafted.id)[0]
        assert (drafted.state, drafted.rsvp_due) == (State.draft, None)
        assert meeting.starts_at == datetime(2027, 10, 13, 7, 30, tzinfo=UTC)
        agenda = agenda_of(session, meeting.id)
        assert agenda[0].title == "Vad hände efter förra mötet? Genomgång av åtgärder"
        assert agenda[0].output == "Kartlägg scenerna. (inte klart)"
        assert sum(item.minutes for item in agenda) == 330


def held_round(session: Session) -> Scene:
    scene = set_the_scene(session)
    invite(session, scene.cast.elin, NOW, scene.round, scene.everybody())
    note_attendance(session, scene.cast.elin, MORNING, scene.meeting, [])
    hold(session, scene.cast.elin, AFTERNOON, scene.round)
    return scene


def test_the_preview_says_who_is_asked_who_not_and_why(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        session.get_one(ContactAssignment, scene.cast.hanna.assignment).bounced = True
        session.get_one(ContactAssignment, scene.headmaster.assignment).valid_to = date(2027, 2, 28)
        lines = preview(session, scene.cast.elin, NOW, scene.round, scene.everybody())
        assert [
            (c.organisation.short_name, c.contact and c.contact.person.name, c.why_not and c.why_not.code) for c in lines
        ] == [
            ("Borlänge", None, "bounced"),
            ("Falun", "Karin Östlund", None),
            ("Mora", None, "nobody-with-role"),
        ]
        only = Choice(scene.organisations, kinds=frozenset({OrganisationKind.folk_high_school}))
        assert [c.why_not and c.why_not.code for c in preview(session, scene.cast.elin, NOW, scene.round, only)] == [
            "other-kind",
            "other-kind",
            "nobody-with-role",
        ]
        with pytest.raises(Blocked) as nobody:
            invite(session, scene.cast.elin, NOW, scene.round, only)
        assert [r.code for r in nobody.value.reasons] == ["nobody"]


def test_who_is_asked_already_is_not_asked_twice(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        invite(session, scene.cast.elin, NOW, scene.round, Choice([scene.cast.falun]))
        rows = invite(session, scene.cast.elin, NOW, scene.round, scene.everybody())
        assert len(rows) == 2
        assert len(mails(session, "dialogue_invitation")) == 3


def test_an_agenda_that_does_not_add_up_is_not_sent(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        set_agenda(session, scene.cast.elin, NOW, scene.meeting, DAY[:-1])
        with pytest.raises(Blocked) as short:
            invite(session, scene.cast.elin, NOW, scene.round, scene.everybody())
        assert short.value.message == "Dagordningen är 60 minuter för kort. Mötet är 330 minuter."
        set_agenda(session, scene.cast.elin, NOW, scene.meeting, DAY)
        invite(session, scene.cast.elin, NOW, scene.round, scene.everybody())
        with pytest.raises(Invalid):
            set_agenda(session, scene.cast.elin, NOW, scene.meeting, DAY[:-1])


def test_the_last_seat_goes_to_the_first_and_the_next_in_line_gets_it_when_it_is_free(any_store: Store) -> None:
    with any_store.write() as session:
        scene = set_the_scene(session, capacity=1)
        cast = scene.cast
        invite(session, cast.elin, NOW, scene.round, scene.everybody())
        for minute, who in enumerate((cast.karin, cast.hanna, scene.headmaster)):
            answers(session, scene, who, Reply.yes, NOW + timedelta(minutes=minute))
        assert [invitation(session, scene, who).waiting for who in (cast.karin, cast.hanna, scene.headmaster)] == [
            False,
            True,
            True,
        ]
        answers(session, scene, cast.karin, Reply.remote, NOW + timedelta(hours=1))
        assert [m.recipient_name for m in mails(session, "dialogue_seat")] == ["Hanna Qvist"]
        assert invitation(session, scene, scene.headmaster).waiting


def test_a_substitute_who_is_taken_back_is_told_and_the_calendar_forgets_the_meeting(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        invite(session, scene.cast.elin, NOW, scene.round, scene.everybody())
        answers(session, scene, scene.cast.karin, Reply.yes, substitute_name="Lo Ek", substitute_email="lo@falun.example")
        answers(session, scene, scene.cast.karin, Reply.yes)
        told = mails(session, "dialogue_substitute_off")
        assert [m.recipient for m in told] == ["lo@falun.example"]
        assert session.get_one(RoundMessage, told[0].id).calendar_method == "CANCEL"


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (Answer(Reply.yes, "Lo Ek", ""), "substitute_email"),
        (Answer(Reply.yes, "", "lo@falun.example"), "substitute_name"),
        (Answer(Reply.yes, "Lo Ek", "lo"), "substitute_email"),
        (Answer(Reply.no, "Lo Ek", "lo@falun.example"), "reply"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(store: Store, answer: Answer, field: str) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        invite(session, scene.cast.elin, NOW, scene.round, scene.everybody())
        with pytest.raises(Invalid) as refused:
            reply(session, scene.cast.karin, NOW, invitation(session, scene, scene.cast.karin).id, answer)
        assert [f.field for f in refused.value.fields] == [field]


def test_a_new_time_asks_everybody_anew(any_store: Store) -> None:
    with any_store.write() as session:
        scene = set_the_scene(session)
        elin = scene.cast.elin
        invite(session, elin, NOW, scene.round, scene.everybody())
        answers(session, scene, scene.cast.karin, Reply.yes, substitute_name="Lo Ek", substitute_email="lo@falun.example")
        step_rounds(session, datetime(2027, 4, 3, 5, tzinfo=UTC))
        week = timedelta(days=7)
        new = NewTime(MORNING + week, AFTERNOON + week, date(2027, 4, 16), "Lokalen är upptagen.")
        row = reschedule(session, elin, datetime(2027, 4, 5, 8, tzinfo=UTC), scene.meeting, new)
        meeting = session.get_one(Meeting, scene.meeting)
        assert (row.state, row.rsvp_round, meeting.sequence) == (State.invited, 2, 1)
        assert invitation(session, scene, scene.cast.karin).reply is None
        assert len(mails(session, "dialogue_rescheduled")) == 3
        assert len(mails(session, "dialogue_substitute_off")) == 1


def test_a_cancelled_round_tells_everybody_who_would_have_come(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        invite(session, scene.cast.elin, NOW, scene.round, scene.everybody())
        answers(session, scene, scene.cast.karin, Reply.yes, substitute_name="Lo Ek", substitute_email="lo@falun.example")
        cancel(session, scene.cast.elin, NOW, scene.round, "Snöstorm.")
        assert session.get_one(Meeting, scene.meeting).state is MeetingStatus.cancelled
        assert len(mails(session, "dialogue_cancelled")) == 4
        with pytest.raises(NotAllowed):
            hold(session, scene.cast.elin, AFTERNOON, scene.round)


def test_a_draft_that_is_cancelled_tells_nobody(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        cancel(session, scene.cast.elin, NOW, scene.round, "Vi väntar.")
        assert mails(session, "dialogue_cancelled") == []


def test_only_the_own_region_plans_and_only_the_invited_answer(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        cast = scene.cast
        for who, refusal in ((cast.karin, NotFound), (cast.registrar, NotYours)):
            with pytest.raises(refusal):
                invite(session, who, NOW, scene.round, scene.everybody())
        invite(session, cast.elin, NOW, scene.round, scene.everybody())
        with pytest.raises(NotFound):
            reply(session, cast.hanna, NOW, invitation(session, scene, cast.karin).id, Answer(Reply.yes))
        with pytest.raises(Stale):
            cancel(session, cast.elin, NOW, scene.round, "Nej.", version=1)


def test_a_meeting_that_is_left_holds_the_round_up(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        invite(session, scene.cast.elin, NOW, scene.round, scene.everybody())
        step_rounds(session, datetime(2027, 4, 3, 5, tzinfo=UTC))
        with pytest.raises(Blocked) as left:
            hold(session, scene.cast.elin, AFTERNOON, scene.round)
        assert [r.code for r in left.value.reasons] == ["meeting-left"]
        with pytest.raises(Blocked):
            note_attendance(session, scene.cast.elin, MORNING - timedelta(hours=1), scene.meeting, [])


def test_who_has_left_before_the_day_is_not_absent(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        invite(session, scene.cast.elin, NOW, scene.round, scene.everybody())
        session.get_one(ContactAssignment, scene.headmaster.assignment).valid_to = date(2027, 4, 13)
        meeting = note_attendance(session, scene.cast.elin, MORNING, scene.meeting, [])
        assert {one.person.name for one in turnout(session, meeting).absent} == {"Karin Östlund", "Hanna Qvist"}


def test_a_consultation_is_answered_in_writing_and_its_points_become_findings(any_store: Store) -> None:
    with any_store.write() as session:
        cast = arrive(session)
        programme = create_programme(session, cast.elin, NOW, plan())
        wanted = RoundPlan("Remiss: kulturplan", Kind.consultation, questions=["Vad saknas?"], rsvp_due=date(2027, 5, 3))
        row = create_round(session, cast.elin, NOW, wanted, programme=programme.id)
        asked = invite(session, cast.elin, NOW, row.id, Choice([cast.falun, cast.borlange]))
        assert len(mails(session, "consultation")) == 2
        falun = next(i for i in asked if i.organisation_id == cast.falun)
        answer = receive_answer(session, cast.karin, NOW, falun.id, Received("Biblioteken saknas."))
        second = receive_answer(session, cast.karin, NOW, falun.id, Received(file_name="svar.pdf", file_sha256="a" * 64))
        assert (answer.seq, second.seq) == (1, 2)
        with pytest.raises(Invalid):
            receive_answer(session, cast.karin, NOW, falun.id, Received())
        step_rounds(session, datetime(2027, 5, 4, 9, tzinfo=UTC))
        area = session.exec(select(CooperationArea).where(CooperationArea.number == 2)).one()
        point = note_finding(session, cast.elin, NOW, row.id, FindingKind.need, "Bibliotek.", answer=answer.id)
        link_finding(session, cast.elin, NOW, point.id, [area.id])
        assert point.organisation_id == cast.falun
        assert [t.area.id for t in trace(session, finding=point.id)] == [area.id]
        assert hold(session, cast.elin, datetime(2027, 5, 5, tzinfo=UTC), row.id).state is State.held


def calendars(session: Session, purpose: str, to: str) -> list[tuple[str, str, int, datetime]]:
    """(method, UID, SEQUENCE, start) of the calendar files that went to one person."""
    found = []
    for message in mails(session, purpose):
        if message.recipient_name == to:
            row = session.get_one(RoundMessage, message.id)
            event: Any = Calendar.from_ical(row.calendar).walk("VEVENT")[0]
            found.append((row.calendar_method, str(event["uid"]), int(event["sequence"]), event["dtstart"].dt.astimezone(UTC)))
    return found


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (datetime(2027, 3, 26, 9, tzinfo=UTC), datetime(2027, 3, 30, 8, tzinfo=UTC)),
        (datetime(2027, 10, 29, 8, tzinfo=UTC), datetime(2027, 11, 2, 9, tzinfo=UTC)),
    ],
    ids=["into summer time", "into winter time"],
)
def test_calendars_follow_a_meeting_over_the_change_of_clocks_and_drop_it_when_it_is_off(
    store: Store, first: datetime, then: datetime
) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        elin, hours = scene.cast.elin, timedelta(minutes=330)
        meeting = session.get_one(Meeting, scene.meeting)
        meeting.starts_at, meeting.ends_at = first, first + hours
        session.get_one(DialogueRound, scene.round).rsvp_due = date(2027, 3, 19)
        invite(session, elin, NOW, scene.round, scene.everybody())
        new = NewTime(then, then + hours, date(2027, 3, 19), "Lokalen är upptagen.")
        reschedule(session, elin, NOW, scene.meeting, new)
        cancel(session, elin, NOW, scene.round, "Snöstorm.")
        uid = meeting.ics_uid
        assert calendars(session, "dialogue_invitation", "Karin Östlund") == [("REQUEST", uid, 0, first)]
        assert calendars(session, "dialogue_rescheduled", "Karin Östlund") == [("REQUEST", uid, 1, then)]
        assert calendars(session, "dialogue_cancelled", "Karin Östlund") == [("CANCEL", uid, 2, then)]


def test_the_invitation_leaves_with_its_calendar_file_and_a_failure_is_the_regions_task(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        invite(session, scene.cast.elin, NOW, scene.round, Choice([scene.school]))
        leased = lease(session, (b"k" * 32,), NOW, 10)
        assert [(one.out.calendar and one.out.calendar.method, bool(one.token)) for one in leased] == [("REQUEST", True)]
        settle(session, [Sent(leased[0].id, leased[0].until, Outcome(Result.permanent, "Nej.", recipient_refused=True))], NOW)
        task = session.exec(select(Task).where(Task.kind == "mail_failed")).one()
        assert task.organisation_id == scene.cast.region


def test_the_invitation_reads_as_people_write(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        invite(session, scene.cast.elin, NOW, scene.round, Choice([scene.cast.falun]))
        letter = mails(session, "dialogue_invitation")[0]
        assert letter.subject == "Inbjudan: Regional kulturdialog 3, onsdag 14 april 2027"
        assert "Anmäl dig senast fredag 2 april 2027:\n[[lank]]" in letter.body
        assert "Vi ses onsdag 14 april 2027, klockan 09.30–15.00.\nPlats: Folkets hus, Borlänge eller på distans" in letter.body
        assert "09.30 Kaffe och registrering (30 min)\n10.00 Välkommen (15 min, Torun Hällgren)" in letter.body


def test_the_notes_as_a_word_file_are_for_the_region_and_when_they_are_out_for_the_invited(store: Store, files: Files) -> None:
    with store.write() as session:
        scene = held_round(session)
        assert notes_file(session, scene.cast.elin, scene.round).data.startswith(b"PK")
        with pytest.raises(NotFound):
            notes_file(session, scene.headmaster, scene.round)
        area = session.exec(select(CooperationArea).where(CooperationArea.number == 1)).one()
        note_finding(session, scene.cast.elin, AFTERNOON, scene.round, FindingKind.need, "Scen.", areas=[area.id])
        summarise(session, files, scene.cast.elin, AFTERNOON, scene.round, "Ingen kom.")
        facts = notes_facts(session, session.get_one(DialogueRound, scene.round))
        assert facts.findings == [("Behov", "Scen.", "Scenkonst för barn och unga")]
        assert facts.sittings[0].absent == ["Borlänge kommun", "Falu kommun", "Mora folkhögskola"]
        assert facts.sittings[0].coverage == "0 av 3"
        assert notes_file(session, scene.headmaster, scene.round).name == "Anteckningar Regional kulturdialog 3.docx"
        with pytest.raises(NotFound):
            notes_file(session, scene.cast.peter, scene.round)
