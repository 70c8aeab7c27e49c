"""The colleague who comes instead: a link of their own to one round, which dies when they come no longer."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session, col, select

from service.cases.dialogue import MeetingPlan, RoundPlan, change_meeting, change_round, create_round
from service.cases.dialogue_invite import Choice, invite
from service.cases.dialogue_reply import Answer
from service.cases.dialogue_reply import reply as answer
from service.cases.dialogue_time import NewTime, reschedule
from service.cases.propose import send_proposal
from service.store.dialogue import invitations_of, meetings_of
from service.store.dialogues import seen
from service.store.session import Store
from service.store.standing import load, scope
from service.store.tables import Agreement, ContactAssignment, Message, Person, Substitution
from states.access import Operation
from states.dialogue import Kind, Reply
from states.errors import NotAllowed, NotFound, NotYours
from states.parties import Actor, Role
from tests.service.cases.test_dialogue import AFTERNOON, MORNING, NOW, Scene, invitation, set_the_scene

LO = {"substitute_name": "Lo Ek", "substitute_email": "lo@falun.example"}


def sends_lo(session: Session, scene: Scene) -> Actor:
    """Falun's contact answers that Lo comes instead."""
    answer(session, scene.cast.karin, NOW, invitation(session, scene, scene.cast.karin).id, Answer(Reply.yes, **LO))
    row = guest(session)
    return Actor(row.id, row.person_id, row.organisation_id, row.role, "Lo Ek")


def guest(session: Session) -> ContactAssignment:
    query = select(ContactAssignment).where(ContactAssignment.role == Role.guest).order_by(col(ContactAssignment.id).desc())
    return session.exec(query).all()[0]


def asked(session: Session) -> Scene:
    scene = set_the_scene(session)
    invite(session, scene.cast.elin, NOW, scene.round, scene.everybody())
    return scene


def test_a_substitute_gets_a_link_that_opens_this_round_and_nothing_else(any_store: Store) -> None:
    with any_store.write() as session:
        scene = asked(session)
        lo = sends_lo(session, scene)
        mail = session.exec(select(Message).where(Message.purpose == "dialogue_substitute")).one()
        assert (mail.assignment_id, mail.link_path) == (lo.assignment, f"/dialoger/{scene.round}")
        assert "[[lank]]" in mail.body
        assert seen(session, lo, scene.round)[0].id == scene.round
        assert [one.assignment_id for one in invitations_of(session, lo)] == [scene.cast.karin.assignment]
        other = create_round(session, scene.cast.elin, NOW, RoundPlan("En annan", Kind.visit))
        with pytest.raises(NotFound):
            seen(session, lo, other.id)
        with pytest.raises(NotFound):
            answer(session, lo, NOW, invitation(session, scene, scene.cast.karin).id, Answer(Reply.no))


def test_the_same_colleague_keeps_the_link_and_another_gets_a_new_one(store: Store) -> None:
    with store.write() as session:
        scene = asked(session)
        first = sends_lo(session, scene)
        assert sends_lo(session, scene).assignment == first.assignment
        karins = invitation(session, scene, scene.cast.karin).id
        answer(session, scene.cast.karin, NOW, karins, Answer(Reply.yes, "Mo By", "mo@falun.example"))
        row = session.get_one(ContactAssignment, first.assignment)
        assert (row.epoch, row.valid_to) == (2, NOW.date() - timedelta(days=1))
        assert session.exec(select(Substitution.assignment_id)).all() == [guest(session).id]
        assert session.get_one(Person, guest(session).person_id).name == "Mo By"


def test_a_new_time_ends_what_was_said_about_the_old_one(store: Store) -> None:
    with store.write() as session:
        scene = asked(session)
        lo = sends_lo(session, scene)
        week = timedelta(days=7)
        new = NewTime(MORNING + week, AFTERNOON + week, date(2027, 4, 16), "Lokalen är upptagen.")
        reschedule(session, scene.cast.elin, NOW, scene.meeting, new)
        assert session.get_one(ContactAssignment, lo.assignment).epoch == 2
        assert session.exec(select(Substitution)).all() == []


def test_a_guest_sees_no_agreement_of_their_organisation_by_their_role(store: Store) -> None:
    """The rows of the organisation are in reach; what the role may do is judged by the matrix, which has no line for it."""
    with store.write() as session:
        scene = asked(session)
        lo = sends_lo(session, scene)
        send_proposal(session, scene.cast.elin, NOW, scene.agreement)
        assert session.exec(select(Agreement).where(scope(lo))).all()
        with pytest.raises(NotYours):
            load(session, lo, Operation.view_agreement, scene.agreement)


def test_a_draft_is_changed_freely_and_what_is_sent_is_not(store: Store) -> None:
    with store.write() as session:
        scene = set_the_scene(session)
        elin = scene.cast.elin
        row = change_round(
            session, elin, NOW, scene.round, title="Ny rubrik", questions=["En?", " "], rsvp_due=date(2027, 3, 20), sector="Film"
        )
        assert (row.title, row.questions, row.rsvp_due, row.sector) == ("Ny rubrik", ["En?"], date(2027, 3, 20), "Film")
        meeting = change_meeting(session, elin, NOW, scene.meeting, MeetingPlan(MORNING, AFTERNOON, "Rättvik", capacity=5))
        assert (meeting.place, meeting.remote, meeting.capacity, meeting.sequence) == ("Rättvik", False, 5, 0)
        assert [one.id for one in meetings_of(session, scene.round)] == [scene.meeting]
        invite(session, elin, NOW, scene.round, Choice([scene.cast.falun]))
        with pytest.raises(NotAllowed):
            change_meeting(session, elin, NOW, scene.meeting, MeetingPlan(MORNING, AFTERNOON))
        with pytest.raises(NotAllowed):
            change_round(session, elin, NOW, scene.round, title="Nej", questions=(), rsvp_due=None)
