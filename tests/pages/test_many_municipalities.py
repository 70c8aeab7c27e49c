"""A region with many municipalities: a page asks the database as many questions for thirty as for fifteen."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from service.cases.programmes import create_agreements
from service.cases.propose import send_proposal
from service.pages.today import CALL
from service.settings import Settings
from service.store.outbox import task
from service.store.session import Store
from service.store.tables import ContactAssignment, Organisation, Person, Programme
from states.parties import Actor, OrganisationKind, Role
from tests.pages.site import Site, running
from tests.people import later
from tests.stores import Begun, begun, migrated_file, store

__all__ = ["begun", "migrated_file", "store"]


@pytest.fixture
def site(store: Store, begun: Begun, tmp_path: Path) -> Iterator[Site]:
    with running(store, Settings(data_dir=tmp_path), begun) as served:
        yield served


def test_no_page_asks_once_per_municipality(site: Site) -> None:
    _offer(site, 15)
    pages = _pages(site)
    few = {path: _questions(site, who, path) for who, path in pages}
    _offer(site, 15)
    many = {path: _questions(site, who, path) for who, path in pages}
    assert many == few


def _pages(site: Site) -> list[tuple[Actor, str]]:
    with site.store.read() as session:
        overview = f"/program/{_programme(session)}"
    plan = "/utkorg?visa=plan&dagar=30"
    staff = ("/", overview, f"{overview}/matris.csv", f"{overview}/utskick", "/kontakter", "/utkorg", plan)
    return [(site.cast.torun, "/min-kommun"), *((site.cast.elin, path) for path in staff)]


def _questions(site: Site, who: Actor, path: str) -> int:
    visitor = site.visitor(who)
    assert visitor.get(path).status_code == 200
    with _counting(site.store) as asked:
        assert visitor.get(path).status_code == 200
    return len(asked)


@contextmanager
def _counting(store: Store) -> Iterator[list[str]]:
    asked: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(store.engine, "before_cursor_execute", keep)
    yield asked
    event.remove(store.engine, "before_cursor_execute", keep)


def _offer(site: Site, count: int) -> None:
    """So many municipalities more, each with somebody who answers, a proposal, and a call to make."""
    with site.store.write() as session:
        made = create_agreements(
            session, site.cast.elin, later(), _programme(session), [_municipality(session, n) for n in range(count)]
        )
        for agreement in made.agreements:
            send_proposal(session, site.cast.elin, later(), agreement)
            region, key = site.cast.region, f"call:{agreement}"
            task(session, later(), key=key, kind=CALL, organisation_id=region, title="Ring", agreement_id=agreement)


def _programme(session: Session) -> UUID:
    return session.exec(select(Programme.id)).one()


def _municipality(session: Session, number: int) -> UUID:
    row = Organisation(kind=OrganisationKind.municipality, name=f"Kommun {number} kommun", short_name=f"Kommun {number}")
    person = Person(name=f"Kontakt {number}", email=f"kontakt.{row.id.hex}@kommun.example")
    session.add_all([row, person])
    session.flush()
    session.add(ContactAssignment(person_id=person.id, organisation_id=row.id, role=Role.main))
    return row.id
