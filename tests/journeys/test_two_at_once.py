"""Two people at the same area at the same moment, over real HTTP on both databases: one wins, the other loses nothing typed."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx
import pytest
from sqlmodel import col, select

from service.settings import Settings
from service.store.files import Files
from service.store.session import Store
from service.store.tables import ClauseVersion, Event, Message
from tests.pages.site import Site, Visitor, running, words
from tests.people import later
from tests.service.cases import life
from tests.stores import any_store, migrated_database, migrated_file, pg_store, store

__all__ = ["any_store", "migrated_database", "migrated_file", "pg_store", "store"]

STOOD = "Scenkonst för barn och unga: w."
"""What the area said when both began to write."""


@pytest.fixture
def site(any_store: Store, tmp_path: Path) -> Iterator[Site]:
    with running(any_store, Settings(data_dir=tmp_path)) as served:
        life.propose(_case(served))
        yield served


def _case(site: Site) -> life.Case:
    return life.Case(site.store, site.cast, site.agreement, Files(site.settings.files_dir))


def _area(site: Site) -> str:
    with site.store.read() as session:
        return f"{site.path}/omraden/{_case(site).standing(session).clauses[0].id}"


def at_once(presses: Sequence[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """All of them press at the same moment."""
    start = Barrier(len(presses))

    def press(it: Callable[[], httpx.Response]) -> httpx.Response:
        start.wait(30)
        return it()

    with ThreadPoolExecutor(len(presses)) as pool:
        return list(pool.map(press, presses))


def _rewording(person: Visitor, area: str, text: str) -> Callable[[], httpx.Response]:
    """The form is open and filled in; what is left is the press."""
    form = person.get(f"{area}/svar?svar=counter")
    return lambda: person.submit(form, f"{area}/svar", w=text, g=f"Mål: {text}", reason=f"Skäl: {text}")


def test_of_two_colleagues_who_save_at_once_one_wins_and_the_other_sees_both_texts(site: Site) -> None:
    area, texts = _area(site), ("Karins ord.", "Peters ord.")
    people = [site.visitor(site.cast.karin), site.visitor(site.cast.peter)]
    pages = at_once([_rewording(person, area, text) for person, text in zip(people, texts, strict=True)])
    assert sorted(page.status_code for page in pages) == [200, 412]
    lost = pages.index(next(page for page in pages if page.status_code == 412))
    _sees_all_three(pages[lost], theirs=texts[1 - lost], yours=texts[lost])
    kept = people[lost].submit(pages[lost], f"{area}/svar", edit="1")
    assert all(f"{before}{texts[lost]}" in kept.text for before in ("", "Mål: ", "Skäl: "))


def test_of_two_parties_who_send_at_once_one_wins_and_the_others_draft_stands(site: Site) -> None:
    area, texts = _area(site), ("Regionens ord.", "Kommunens ord.")
    people = [site.visitor(site.cast.elin), site.visitor(site.cast.karin)]
    with site.store.write() as session:  # so that both have something to answer
        own = _case(site).standing(session).clauses[0]
        life.answer(session, _case(site), site.cast.karin, later(1), life.countering(session, own, "Falun börjar."))
    for person, text in zip(people, texts, strict=True):
        assert _rewording(person, area, text)().status_code == 200
    checks = [person.get(f"{site.path}/granska") for person in people]
    pages = at_once([lambda p=p, c=c: p.submit(c, "/sandning") for p, c in zip(people, checks, strict=True)])  # type: ignore[misc]
    assert sorted(page.status_code for page in pages) == [200, 412]
    lost = pages.index(next(page for page in pages if page.status_code == 412))
    _sees_all_three(pages[lost], base="Falun börjar.", theirs=texts[1 - lost], yours=texts[lost])
    assert texts[lost] in people[lost].get(f"{area}/svar?svar=counter").text
    assert [text for text in _texts(site) if text in texts] == [texts[1 - lost]]


def _sees_all_three(page: httpx.Response, *, base: str = STOOD, theirs: str, yours: str) -> None:
    said = words(page)
    for text in (base, theirs, yours, "Det du utgick från", "Din text"):
        assert text in said
    assert "Din text är kvar." in said or "Dina svar är kvar." in said


def test_24_sends_of_one_response_by_two_people_at_once_have_one_effect(site: Site) -> None:
    people = [site.visitor(site.cast.karin), site.visitor(site.cast.peter)]
    assert _rewording(people[0], _area(site), "Kommunens ord.")().status_code == 200
    checks = [(person, person.get(f"{site.path}/granska")) for person in people for _ in range(12)]
    pages = at_once([lambda p=p, c=c: p.submit(c, "/sandning") for p, c in checks])  # type: ignore[misc]
    assert Counter(page.status_code for page in pages) == {200: 24}
    assert _texts(site).count("Kommunens ord.") == 1
    with site.store.read() as session:
        assert len(session.exec(select(Event.seq).where(Event.kind == "send_response")).all()) == 1
        told = session.exec(select(Message.recipient).where(col(Message.response_id).is_not(None))).all()
    assert max(Counter(told).values()) == 1


def _texts(site: Site) -> list[str]:
    with site.store.read() as session:
        return [fields["w"] for fields in session.exec(select(ClauseVersion.fields))]
