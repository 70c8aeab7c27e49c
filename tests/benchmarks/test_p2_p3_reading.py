"""P2 and P3: the overview as a page and an agreement by API, beside bare answers of the very same server."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from html import escape
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import text
from sqlmodel import Session

from service.app import create_app
from service.cases.programmes import create_agreements, create_programme
from service.settings import Settings
from service.store.session import Store
from service.store.tables import ContactAssignment, Organisation, Person
from states.parties import OrganisationKind, Role
from tests.benchmarks.measure import Figure, side_by_side
from tests.benchmarks.wire import Wire
from tests.browser import serving
from tests.crash.scene import open_session
from tests.people import NOW, Cast, arrive, plan

pytestmark = pytest.mark.bench
AREAS = tuple(f"Område {n}" for n in range(8))

CELLS = """
    SELECT o.short_name, a.state, a.due, cv.title FROM agreement a
    JOIN agreement_party p ON p.agreement_id = a.id JOIN organisation o ON o.id = p.organisation_id AND o.kind = 'municipality'
    JOIN clause c ON c.agreement_id = a.id JOIN clause_version cv ON cv.clause_id = c.id
    ORDER BY o.short_name, c.position
"""


@dataclass
class Served:
    """A running service with a programme of so many municipalities, two bare routes beside it, and a strategist's cookie."""

    url: str
    programme: UUID
    agreement: UUID
    cookie: str

    def wire(self, path: str, *headers: str) -> "closing[Wire]":
        return closing(Wire(self.url, path, f"Cookie: {self.cookie}", *headers))


@pytest.fixture(params=[15, 290])
def served(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> Iterator[Served]:
    settings = Settings(data_dir=tmp_path)
    with store.write() as session:
        cast = arrive(session)
        programme = create_programme(session, cast.elin, NOW, plan(areas=AREAS))
        others = [_municipality(session, number) for number in range(request.param - 1)]
        made = create_agreements(session, cast.elin, NOW, programme.id, [cast.falun, *others])
        found = programme.id, made.agreements[0]
        cookie = _cookie(session, settings, cast)
    app = create_app(settings, store)

    def page() -> HTMLResponse:
        with store.read() as session:
            rows = session.connection().execute(text(CELLS)).all()
        cells = "".join(f"<tr><td>{escape(n)}</td><td>{s}</td><td>{d}</td><td>{escape(t)}</td></tr>" for n, s, d, t in rows)
        return HTMLResponse(f"<!doctype html><title>Översikt</title><table>{cells}</table>")

    app.add_api_route("/bare/page", page)
    app.add_api_route("/bare/static", lambda: JSONResponse({"id": str(found[1]), "state": "draft"}))
    with serving(app) as url:
        yield Served(url, *found, cookie)


def _municipality(session: Session, number: int) -> UUID:
    row = Organisation(kind=OrganisationKind.municipality, name=f"Kommun {number} kommun", short_name=f"Kommun {number}")
    person = Person(name=f"Kontakt {number}", email=f"kontakt.{number}@kommun.example")
    session.add_all([row, person])
    session.flush()
    session.add(ContactAssignment(person_id=person.id, organisation_id=row.id, role=Role.main))
    session.flush()
    return row.id


def _cookie(session: Session, settings: Settings, cast: Cast) -> str:
    return "=".join(open_session(session, settings, cast.elin))


def _compare(ours: "closing[Wire]", floor: "closing[Wire]", status: int, rounds: int) -> tuple[float, float, int]:
    """CPU of the whole process, server and caller, for one answer; and the length of ours."""
    with ours as one, floor as other:
        said, length = one.ask()
        assert (said, other.ask()[0]) == (status, 200)

        def mine() -> None:
            one.ask()

        def bare() -> None:
            other.ask()

        return *side_by_side(mine, bare, rounds, time.process_time), length


def test_the_overview(served: Served, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    municipalities = request.node.callspec.params["served"]
    ours, floor, length = _compare(served.wire(f"/program/{served.programme}"), served.wire("/bare/page"), 200, 12)
    size = f"{municipalities} × 8, {length // 1024} KiB plain"
    record_property("figures", str(Figure("P2 overview, against an f-string", size, ours, floor, 3)))


@pytest.mark.parametrize("served", [15], indirect=True)
@pytest.mark.parametrize("status", [200, 304])
def test_an_agreement(served: Served, status: int, record_property: Callable[[str, object], None]) -> None:
    path = f"/api/v1/agreements/{served.agreement}"
    known = ['If-None-Match: "1"'] if status == 304 else []
    ours, floor, _ = _compare(served.wire(path, *known), served.wire("/bare/static"), status, 150)
    record_property("figures", str(Figure("P3 agreement by API, against static", str(status), ours, floor, 5)))
