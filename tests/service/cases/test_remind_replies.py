"""Who has not answered an invitation is reminded like all who owe something: on its days, once, in the one mail of the day."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from service.cases.deliver import lease
from service.cases.dialogue import RoundPlan, create_round
from service.cases.dialogue_findings import Received, receive_answer
from service.cases.dialogue_invite import Choice, invite
from service.cases.dialogue_mail import post
from service.cases.dialogue_time import cancel
from service.cases.forecast import plan as forecast
from service.cases.messages import within
from service.cases.programmes import create_agreements, create_programme
from service.cases.propose import send_proposal
from service.cases.remind import Swept, sweep
from service.cases.reminder_letters import REMINDERS
from service.post.letters import LetterName
from service.store import mailbox
from service.store.dialogue import invited
from service.store.session import Store
from service.store.tables import Agreement, ContactAssignment, DialogueRound, Message, Programme, Reminder, Task
from states.dialogue import Kind, Reply
from states.message import State
from states.reminders import Purpose
from tests.people import arrive, plan
from tests.service.cases.test_dialogue import NOW, RSVP, Scene, answers, invitation, set_the_scene
from tests.service.cases.test_remind import KEYS, morning

FIRST, SECOND = "2027-03-25", "2027-03-31"
"""Seven days before the last day for answers is Good Friday, so it is the Thursday; and two days before."""


def invited_scene(session: Session) -> Scene:
    scene = set_the_scene(session)
    invite(session, scene.cast.elin, NOW, scene.round, scene.everybody())
    return scene


def reminders(session: Session) -> list[Message]:
    return list(session.exec(select(Message).where(col(Message.purpose).in_(REMINDERS)).order_by(col(Message.id))))


def outcomes(session: Session, scene: Scene) -> dict[tuple[str, int], str]:
    """What became of each slot, by the organisation of its invitation."""
    names = {one.row.id: one.organisation.short_name for one in invited(session, scene.round)}
    return {(names[row.subject_id], row.number): row.outcome for row in session.exec(select(Reminder))}


def propose_to_borlange(session: Session, scene: Scene) -> UUID:
    """Borlänge has a proposal too, and is reminded of it fourteen days before its last day: on the day of the invitation's."""
    programme = session.get_one(DialogueRound, scene.round).programme_id
    assert programme
    made = create_agreements(session, scene.cast.elin, NOW, programme, [scene.cast.borlange]).agreements[0]
    session.get_one(Agreement, made).due = date(2027, 4, 8)
    send_proposal(session, scene.cast.elin, NOW, made)
    return made


def test_who_has_not_answered_is_reminded_twice_and_nobody_is_told_to_call(any_store: Store) -> None:
    with any_store.write() as session:
        scene = invited_scene(session)
        answers(session, scene, scene.cast.karin, Reply.yes)
        answers(session, scene, scene.cast.hanna, Reply.remote)
        assert sweep(session, morning("2027-03-24")) == Swept()
        assert sweep(session, morning(FIRST)) == Swept(planned=1, queued=1, skipped=2)
        assert sweep(session, morning(FIRST)) == Swept()
        answers(session, scene, scene.headmaster, Reply.no)
        assert sweep(session, morning(SECOND)) == Swept(skipped=3)
        assert sweep(session, morning("2027-04-20")) == Swept()
        assert [(m.purpose, m.recipient_name) for m in reminders(session)] == [("dialogue_reminder", "Rikard Lind")]
        assert set(outcomes(session, scene).values()) == {"queued", "answered"}
        assert session.exec(select(Task).where(Task.kind == "call")).all() == []


def test_a_consultation_is_reminded_of_until_the_organisation_has_answered(store: Store) -> None:
    with store.write() as session:
        cast = arrive(session)
        programme = create_programme(session, cast.elin, NOW, plan())
        wanted = RoundPlan("Remiss: kulturplan", Kind.consultation, questions=["Vad saknas?"], rsvp_due=date(2027, 5, 3))
        row = create_round(session, cast.elin, NOW, wanted, programme=programme.id)
        asked = invite(session, cast.elin, NOW, row.id, Choice([cast.falun, cast.borlange]))
        falun = next(i for i in asked if i.organisation_id == cast.falun)
        receive_answer(session, cast.karin, NOW, falun.id, Received("Biblioteken saknas."))
        assert sweep(session, morning("2027-04-26")).queued == 1
        assert [(m.purpose, m.recipient_name) for m in reminders(session)] == [("consultation_reminder", "Hanna Qvist")]


def test_an_invitation_and_a_proposal_come_in_one_mail(store: Store) -> None:
    with store.write() as session:
        scene = invited_scene(session)
        agreement = propose_to_borlange(session, scene)
        assert sweep(session, morning(FIRST)) == Swept(planned=4, queued=3)
        (mail,) = [m for m in reminders(session) if m.recipient_name == "Hanna Qvist"]
        assert (mail.purpose, mail.agreement_id) == ("reminder_several", agreement)
        assert "– Svara om du kommer till Regional kulturdialog 3, senast fredag 2 april 2027." in mail.body
        assert "– Svara om överenskommelsen med Region Dalarna för 2027–2030. Svarsdagen är" in mail.body
        assert sweep(session, morning(FIRST)) == Swept()


def test_two_assignments_of_one_person_share_the_one_reminder_of_a_day(store: Store) -> None:
    with store.write() as session:
        scene = invited_scene(session)
        session.get_one(ContactAssignment, scene.headmaster.assignment).person_id = scene.cast.karin.person  # type: ignore[assignment]
        assert sweep(session, morning(FIRST)).queued == 2
        assert sweep(session, morning(FIRST)).queued == 0
        assert sweep(session, morning("2027-03-30")).queued == 1
        assert sorted(m.recipient_name for m in reminders(session)) == ["Hanna Qvist", "Karin Östlund", "Karin Östlund"]


def test_nobody_is_reminded_of_a_round_they_were_mailed_about_the_same_day(store: Store) -> None:
    with store.write() as session:
        scene = invited_scene(session)
        row = session.get_one(DialogueRound, scene.round)
        hanna = next(one for one in invited(session, row.id) if one.organisation.id == scene.cast.borlange)
        post(session, morning(FIRST), row).tell(LetterName.dialogue_seat, hanna, "another letter of the day")
        assert sweep(session, morning(FIRST)).queued == 2
        assert sweep(session, morning("2027-03-30")).queued == 1
        assert reminders(session)[-1].recipient_name == "Hanna Qvist"


def test_every_silence_has_its_reason_and_the_outbox_shows_it(any_store: Store) -> None:
    with any_store.write() as session:
        scene = invited_scene(session)
        session.get_one(ContactAssignment, scene.cast.hanna.assignment).bounced = True
        session.get_one(ContactAssignment, scene.headmaster.assignment).valid_to = date(2027, 3, 24)
        sweep(session, morning(FIRST))
        assert outcomes(session, scene) == {("Falun", 1): "queued", ("Borlänge", 1): "bounced", ("Mora", 1): "assignment_ended"}
        shown = mailbox.unwritten(session, scene.cast.elin)
        assert {(row.purpose, row.outcome, name) for row, _, name in shown} == {
            ("rsvp", "bounced", "Hanna Qvist"),
            ("rsvp", "assignment_ended", "Rikard Lind"),
        }
        assert mailbox.unwritten(session, scene.cast.karin) == []


def test_a_reminder_of_a_round_is_in_the_outbox_of_its_region_also_when_its_reader_is_party_to_nothing(store: Store) -> None:
    with store.write() as session:
        scene = invited_scene(session)
        sweep(session, morning(FIRST))
        (mail,) = [m for m in reminders(session) if m.recipient_name == "Rikard Lind"]
        assert mail in mailbox.listed(session, within(scene.cast.elin), [State.queued], None)
        assert mail not in mailbox.listed(session, within(scene.cast.karin), [State.queued], None)


@pytest.mark.parametrize("reason", ["answered", "closed"])
def test_a_reminder_that_has_become_pointless_before_it_leaves_is_stopped(any_store: Store, reason: str) -> None:
    with any_store.write() as session:
        scene = invited_scene(session)
        sweep(session, morning(FIRST))
        if reason == "answered":
            answers(session, scene, scene.cast.karin, Reply.yes, morning(FIRST))
        else:
            cancel(session, scene.cast.elin, morning(FIRST), scene.round, "Lokalen brann.")
        lease(session, KEYS, morning("2027-03-30"), 50)
        (mail,) = [m for m in reminders(session) if m.recipient_name == "Karin Östlund"]
        assert (mail.state, mail.reason) == (State.suppressed, reason)
        assert outcomes(session, scene)["Falun", 1] == reason


def test_a_slot_that_an_earlier_version_has_used_is_not_used_again(store: Store) -> None:
    with store.write() as session:
        scene = invited_scene(session)
        before = invitation(session, scene, scene.cast.karin)
        key = f"rsvp:{before.id}:1:{before.assignment_id}:1"
        session.add(
            Reminder(
                key=key,
                purpose="rsvp",
                subject_id=before.id,
                assignment_id=before.assignment_id,
                round=1,
                number=1,
                outcome="queued",
                planned_on=date(2027, 3, 25),
                at=datetime(2027, 3, 25, 8, tzinfo=UTC),
            )
        )
        sweep(session, morning(FIRST))
        assert {m.recipient_name for m in reminders(session)} == {"Hanna Qvist", "Rikard Lind"}


def test_the_plan_shows_them_and_the_programmes_quiet_periods_move_them(store: Store) -> None:
    with store.write() as session:
        scene = invited_scene(session)
        row = session.get_one(DialogueRound, scene.round)
        found = forecast(session, morning("2027-03-22"), 30, scene.cast.region)
        assert {(str(p.on), p.purpose, p.agreement_id) for p in found} == {
            (FIRST, Purpose.rsvp, None),
            (SECOND, Purpose.rsvp, None),
        }
        assert forecast(session, morning("2027-03-22"), 30, scene.cast.falun) == []
        programme = session.get_one(Programme, row.programme_id)
        programme.quiet_periods = [{"from": "2027-03-20", "to": "2027-03-30", "reason": "paus"}]
        assert {str(p.on) for p in forecast(session, morning("2027-03-15"), 30)} == {SECOND}
        assert row.rsvp_due == RSVP
