"""The dialogues of the demonstration: the three kinds of the fixtures, each where its file says, and rounds in every stage."""

from pathlib import Path

import pytest
from sqlmodel import col, select

from service.cases.demo import seed_demo
from service.cases.dialogue_hold import turnout
from service.cases.dialogue_word import notes_facts
from service.store.dialogue import meetings_of
from service.store.dialogues import became, listed
from service.store.files import Files
from service.store.session import Store
from service.store.tables import DialogueRound, DialogueSeries, Invitation, Message, RoundMessage
from states.dialogue import Kind, State


@pytest.fixture(scope="module")
def demo(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("dialogues")
    path = folder / "overens.sqlite3"
    path.write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{path}")
    seed_demo(store, Files(folder / "files"))
    return store


@pytest.mark.parametrize(
    ("title", "kind", "state"),
    [
        ("Regional kulturdialog 3: förväntningar på överenskommelserna", Kind.dialogue, State.closed),
        ("Möte om överenskommelsen, Orsa kommun", Kind.visit, State.closed),
        ("Dialogmöte: scenkonst", Kind.sector, State.closed),
        ("Årligt forum för kultur, idrott, folkbildning och föreningsliv", Kind.forum, State.invited),
        ("Remiss: regional biblioteksplan", Kind.consultation, State.invited),
        ("Dialog om konstnärers villkor", Kind.sector, State.held),
        ("Möte om överenskommelsen, Rättviks kommun", Kind.visit, State.summarised),
        ("Regional kulturdialog 4: så följer vi upp", Kind.dialogue, State.draft),
    ],
)
def test_each_round_stands_where_its_file_says(demo: Store, title: str, kind: Kind, state: State) -> None:
    with demo.read() as session:
        row = session.exec(select(DialogueRound).where(DialogueRound.title == title)).one()
        assert (row.kind, row.state) == (kind, state)


def test_twenty_eight_of_thirty_three_came_to_the_dialogue_on_stages(demo: Store) -> None:
    with demo.read() as session:
        row = session.exec(select(DialogueRound).where(DialogueRound.title == "Dialogmöte: scenkonst")).one()
        there = turnout(session, meetings_of(session, row.id)[0])
        assert there.total.words == "28 av 33"
        assert len(there.coverage) == 5  # three sizes of municipalities, associations and an authority
        assert notes_facts(session, row).actions == [
            ("Kartlägg scener och teknik i länets 26 kommuner.", "utvecklingschef, Region Stockholm", "fredag 18 juni 2027")
        ]


def test_a_point_of_the_dialogue_leads_to_an_area_and_to_every_agreement_with_it(demo: Store) -> None:
    with demo.read() as session:
        row = session.exec(select(DialogueRound).where(col(DialogueRound.title).startswith("Regional kulturdialog 3"))).one()
        found = became(session, listed(session, [row]))
        assert [len(area.clauses) for one in found for area in one.led] == [15, 15, 15, 15]
        assert [one.finding.set_aside_reason != "" for one in found] == [False, False, False, False, True]


def test_whoever_was_asked_to_a_meeting_got_its_calendar_file(demo: Store) -> None:
    with demo.read() as session:
        asked = session.exec(select(Invitation).where(col(Invitation.meeting_id).is_not(None))).all()
        query = select(RoundMessage).join(Message, col(Message.id) == col(RoundMessage.message_id))
        sent = session.exec(query.where(Message.purpose == "dialogue_invitation")).all()
        assert len(sent) == len(asked) > 90
        assert {one.calendar_method for one in sent} == {"REQUEST"}


def test_the_forum_comes_back_every_year(demo: Store) -> None:
    with demo.read() as session:
        series = session.exec(select(DialogueSeries).where(DialogueSeries.kind == Kind.forum)).one()
        assert (series.every, series.week, series.weekday, series.month) == ("year", 3, 3, 11)
