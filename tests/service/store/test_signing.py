"""The queries behind signing and the public list, on both databases."""

from datetime import date
from pathlib import Path

from service.store import signing
from service.store.files import Files
from service.store.session import Store
from service.store.tables import Body, BodyMeeting
from states.slot import Method
from tests.service.cases.life import begin, open_for_signing, place_of, sign_as


def test_signatures_come_with_their_names_and_signers_in_order(any_store: Store, tmp_path: Path) -> None:
    case = open_for_signing(begin(any_store, Files(tmp_path)))
    sign_as(case, case.cast.chair)
    sign_as(case, case.cast.torun)
    with any_store.read() as session:
        found = signing.given(session, case.id)[place_of(session, case, case.cast.chair).id]
        assert [(g.by, g.signature.method, g.scan) for g in found] == [("Anna Borg", Method.code, "")]
        assert [s.name for s in signing.signers(session, case.id)] == ["Torun Hällgren", "Anna Borg"]


def test_the_public_list_tells_nothing_about_what_is_not_published(any_store: Store, tmp_path: Path) -> None:
    open_for_signing(begin(any_store, Files(tmp_path)))
    with any_store.read() as session:
        (programme,) = signing.public_list(session)
        assert programme.rows == (signing.Listed("Borlänge kommun"), signing.Listed("Falu kommun"))
        assert signing.published_at(session, "falun-2027-2030") is None


def test_a_board_comes_with_the_next_meeting_papers_can_reach(any_store: Store, tmp_path: Path) -> None:
    case = begin(any_store, Files(tmp_path))
    with any_store.write() as session:
        board = Body(organisation_id=case.cast.falun, name="Kulturnämnden")
        session.add_all([board, Body(organisation_id=case.cast.falun, name="Kommunstyrelsen")])
        session.flush()
        for day, papers in ((date(2027, 9, 1), date(2027, 8, 18)), (date(2027, 10, 13), date(2027, 9, 29))):
            session.add(BodyMeeting(body_id=board.id, day=day, papers_due=papers))
    with any_store.read() as session:
        found = {b.name: b.meeting for b in signing.boards(session, [case.cast.falun], date(2027, 8, 19))[case.cast.falun]}
    assert found["Kommunstyrelsen"] is None
    assert found["Kulturnämnden"] is not None
    assert found["Kulturnämnden"].date == date(2027, 10, 13)
