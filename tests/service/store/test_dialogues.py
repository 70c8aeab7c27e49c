"""Dialogues side by side, on both databases: who sees which, and what became of what was said."""

from datetime import date, timedelta

from sqlmodel import select

from service.cases.dialogue_findings import finish_action, link_finding, note_action, note_finding
from service.cases.dialogue_hold import Present, hold, note_attendance
from service.cases.dialogue_invite import invite
from service.store.dialogues import (
    became,
    behind,
    guests_to_choose,
    led_by,
    meetings_seen,
    own_actions,
    owners,
    promised,
    rounds_of,
    rounds_seen,
    turnouts,
)
from service.store.session import Store
from service.store.tables import CooperationArea, DialogueRound
from states.dialogue import FindingKind
from tests.service.cases.test_dialogue import AFTERNOON, MORNING, NOW, invitation, set_the_scene


def test_what_was_said_and_promised_is_found_again_from_every_side(any_store: Store) -> None:
    with any_store.write() as session:
        scene = set_the_scene(session)
        cast, elin = scene.cast, scene.cast.elin
        invite(session, elin, NOW, scene.round, scene.everybody())
        note_attendance(session, elin, MORNING, scene.meeting, [Present(invitation(session, scene, cast.karin).id)])
        hold(session, elin, AFTERNOON, scene.round)
        area = session.exec(select(CooperationArea).where(CooperationArea.number == 1)).one()
        point = note_finding(session, elin, AFTERNOON, scene.round, FindingKind.need, "Scen.", organisation=cast.falun)
        link_finding(session, elin, AFTERNOON, point.id, [area.id])
        later = note_action(session, elin, AFTERNOON, scene.round, "Räkna.", owner=cast.karin.assignment, due=date(2027, 6, 1))
        never = note_action(session, elin, AFTERNOON, scene.round, "Fundera.")
        rounds = rounds_of(session, elin)
        assert [(one.invited, one.answered, one.day, one.year) for one in rounds] == [(3, 0, date(2027, 4, 14), 2027)]
        assert [(one.organisation, [led.title for led in one.led]) for one in became(session, rounds)] == [
            ("Falu kommun", ["Scenkonst för barn och unga"])
        ]
        assert {(one.action.id, one.owner) for one in promised(session, rounds)} == {(later.id, "Falu kommun"), (never.id, "")}
        assert [part.words for _one, part in turnouts(session, rounds)] == ["1 av 3"]
        assert [(found.id, whose) for found, _round, whose in behind(session, area.id)] == [(point.id, "Falu kommun")]
        assert [name for _agreement, name in led_by(session, area.id).clauses] == ["Falun"]
        assert [action.id for action, _round in own_actions(session, cast.karin)] == [later.id]
        finish_action(session, cast.karin, AFTERNOON + timedelta(days=1), later.id, "Tolv.")
        assert own_actions(session, cast.karin) == []


def test_each_sees_their_regions_rounds_or_those_they_are_asked_to(any_store: Store) -> None:
    with any_store.write() as session:
        scene = set_the_scene(session)
        cast, elin = scene.cast, scene.cast.elin
        row = session.get_one(DialogueRound, scene.round)
        near, others = guests_to_choose(session, row, NOW.date())
        assert ([o.short_name for o in near], [o.short_name for o in others]) == (["Falun", "Dalarna"], ["Borlänge", "Mora"])
        assert [len(session.exec(rounds_seen(session, who)).all()) for who in (elin, cast.karin)] == [1, 0]
        invite(session, elin, NOW, scene.round, scene.everybody())
        for who, count in ((elin, 1), (cast.registrar, 1), (cast.karin, 1), (cast.peter, 0), (cast.falun_registrar, 0)):
            assert len(session.exec(rounds_seen(session, who)).all()) == count
            assert len(session.exec(meetings_seen(session, who)).all()) == count
        near, others = guests_to_choose(session, row, NOW.date())
        assert others == []
        assert {name for _id, name, _whose in owners(session, row, NOW.date())} == {
            "Elin Åsberg",
            "Joar Hedqvist",
            "Karin Östlund",
            "Hanna Qvist",
            "Rikard Lind",
        }
