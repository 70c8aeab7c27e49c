"""Every route of both doors: one operation each, shut for visitors, blind for strangers, and the matrix by real requests."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from sqlmodel import Session, col, func, select

from service.api.router import describe
from service.app import create_app
from service.cases.propose import send_proposal
from service.cases.receive import receive
from service.cases.sign import record_paper
from service.post.inbox import Attachment, Letter
from service.settings import Settings
from service.store.columns import new_id
from service.store.files import Files
from service.store.session import Store
from service.store.tables import (
    ActionItem,
    Answer,
    Clause,
    ConsultationAnswer,
    DateRequest,
    DecisionStep,
    DialogueRound,
    Document,
    Event,
    Finding,
    Invitation,
    Meeting,
    Message,
    ReceivedFile,
    Response,
    Signature,
    SignatureSlot,
    Task,
)
from states.access import GRANTS, Operation, Relation, may_somewhere
from states.dialogue import FindingKind, Kind, MeetingStatus, State
from states.parties import Actor, Role
from tests.browser import CERTIFICATES, serving
from tests.pages.site import Site, application
from tests.people import Cast, draft, join, later
from tests.service.cases.life import Case, begin, code_of, open_for_signing, place_of, scan, sign_as

SHARED = {"organisation_id"}
"""What everybody signed in may know of."""

SECRETS = {"token", "slug", "receipt", "problem"}
"""Parameters of public routes: they name nothing of anybody's without being known."""


@dataclass(frozen=True, slots=True)
class Way:
    """One method of one route."""

    method: str
    path: str
    operation: Operation
    name: str

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"{(\w+)", self.path)

    def at(self, values: Mapping[str, str]) -> str:
        return re.sub(r"{(\w+)[^}]*}", lambda found: values[found[1]], self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _ways() -> list[Way]:
    app = create_app(Settings(data_dir=Path("unused")))
    found = [c for c in iter_route_contexts(app.routes) if c.path != "/static"]
    return [
        Way(m, str(c.path), vars(c.endpoint)["operation"], str(c.name))
        for c in found
        for m in sorted(c.methods or ())
        if m != "HEAD"
    ]


WAYS, DESCRIBED = _ways(), describe()


@dataclass(frozen=True, slots=True)
class House:
    """A served house: Falun's agreement with one of everything, Borlänge's only proposed."""

    site: Site
    falun: dict[str, str]
    borlange: dict[str, str]

    @property
    def cast(self) -> Cast:
        return self.site.cast

    def client(self, actor: Actor | None) -> httpx.Client:
        cookies = dict([self.site.cookie(actor)]) if actor else {}
        client = httpx.Client(
            base_url=self.site.url, cookies=cookies, headers={"Origin": self.site.url}, timeout=30, verify=CERTIFICATES
        )
        return self.site.clients.enter_context(client)

    def effects(self) -> tuple[int, ...]:
        """How much has happened."""
        with self.site.store.read() as session:
            return tuple(
                session.exec(select(func.count()).select_from(t)).one() for t in (Event, Message, Answer, Document, Signature)
            )


@pytest.fixture(scope="module")
def house(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("routes")
    (folder / "overens.sqlite3").write_bytes(migrated_file.read_bytes())
    store, settings = Store(f"sqlite:///{folder / 'overens.sqlite3'}"), Settings(data_dir=folder)
    case = open_for_signing(begin(store, Files(settings.files_dir)))
    other = _proposed(case)
    falun = _everything(case)
    with serving(application(store, settings)) as url, ExitStack() as clients:
        yield House(Site(url, store, settings, case.cast, case.id, clients), falun, other)
    store.close()


def _proposed(case: Case) -> dict[str, str]:
    with case.store.write() as session:
        agreement = draft(session, case.cast, case.cast.borlange, "dalarna-2028")
        send_proposal(session, case.cast.elin, later(1), agreement)
        own = Case(case.store, case.cast, agreement, case.files).standing(session)
        return {
            "agreement_id": str(agreement),
            "party_id": str(own.party_of(case.cast.hanna).id),
            "clause_id": str(own.clauses[0].id),
        }


def _everything(case: Case) -> dict[str, str]:
    """An id of Falun's for each parameter there is."""
    sign_as(case, case.cast.torun)
    with case.store.write() as session:
        place = place_of(session, case, case.cast.chair)
        paper = record_paper(
            session,
            case.cast.karin,
            later(126),
            place.id,
            code_of(session, case),
            scan(session, case, case.cast.karin),
            date(2027, 9, 10),
        )
        standing = case.standing(session)
        wish = DateRequest(
            agreement_id=case.id, party_id=standing.party_of(case.cast.karin).id, day=date(2027, 10, 30), at=later(20)
        )
        task = Task(
            key="t", kind="call", organisation_id=case.cast.region, agreement_id=case.id, title="Ring Falun", created_at=later(20)
        )
        session.add_all([wish, task])
        session.flush()
        letter = Letter("<1@k.example>", "", "Sv", "", (), {}, (Attachment("a.pdf", "application/pdf", b"%PDF"),))
        mail = receive(session, case.files, later(20), letter)
        assert mail is not None
        response = session.exec(select(Response).where(Response.agreement_id == case.id)).first()
        assert response is not None
        answer = session.exec(select(Answer).where(Answer.response_id == response.id)).first()
        clause = session.exec(select(Clause).where(Clause.agreement_id == case.id)).first()
        step = session.exec(select(DecisionStep).where(DecisionStep.agreement_id == case.id)).first()
        message = session.exec(select(Message).where(Message.agreement_id == case.id)).first()
        document = session.get_one(Document, paper.document_id)
        assert answer is not None
        assert clause is not None
        assert step is not None
        assert message is not None
        return {
            **_dialogue(session, case.cast),
            "agreement_id": str(case.id),
            "party_id": str(standing.party_of(case.cast.karin).id),
            "clause_id": str(clause.id),
            "area_id": str(clause.area_id),
            "response_id": str(response.id),
            "answer_id": str(answer.id),
            "request_id": str(wish.id),
            "step_id": str(step.id),
            "slot_id": str(place.id),
            "signature_id": str(paper.id),
            "message_id": str(message.id),
            "task_id": str(task.id),
            "letter": "proposal",
            "schedule": "reminders",
            "mail_id": str(mail.id),
            "file_id": str(session.exec(select(ReceivedFile.id)).one()),
            "programme_id": str(standing.agreement.programme_id),
            "contact_id": str(case.cast.karin.assignment),
            "assignment_id": str(case.cast.karin.assignment),
            "organisation_id": str(case.cast.falun),
            "sha256": document.file_sha256,
        }


def _dialogue(session: Session, cast: Cast) -> dict[str, str]:
    """A dialogue and a consultation with somebody of Falun's who is in no other test, and what was said in them."""
    guest = join(session, "Gun Ask", cast.falun, Role.deputy)
    row = DialogueRound(region_id=cast.region, kind=Kind.dialogue, title="Dialog", state=State.held, created_at=later(110))
    session.add(row)
    session.flush()
    begins = later(120)
    held = Meeting(round_id=row.id, starts_at=begins, ends_at=begins + timedelta(hours=1), ics_uid="m", state=MeetingStatus.held)
    session.add(held)
    session.flush()
    assert guest.assignment is not None
    invitation = Invitation(
        round_id=row.id, organisation_id=cast.falun, meeting_id=held.id, assignment_id=guest.assignment, asked_at=begins
    )
    finding = Finding(round_id=row.id, organisation_id=cast.falun, kind=FindingKind.need, text="Scen.", at=begins)
    action = ActionItem(round_id=row.id, text="Kartlägg.", owner_id=guest.assignment)
    written = ConsultationAnswer(
        round_id=row.id, organisation_id=cast.falun, file_name="svar.pdf", media_type="application/pdf", at=begins
    )
    session.add_all([invitation, finding, action, written])
    session.flush()
    return {
        "round_id": str(row.id),
        "meeting_id": str(held.id),
        "invitation_id": str(invitation.id),
        "finding_id": str(finding.id),
        "action_id": str(action.id),
        "written_id": str(written.id),
    }


def _made_up(falun: Mapping[str, str]) -> dict[str, str]:
    return {name: "ab" * 32 if name == "sha256" else str(new_id()) for name in falun}


def _plausible(way: Way) -> Any:
    """A body of the right shape, from the description of the API."""
    said = DESCRIBED
    operation = said["paths"].get(way.path, {}).get(way.method.lower(), {})
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return _sample(content["schema"], said["components"]["schemas"]) if content else None


def _sample(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _sample(known[schema["$ref"].rsplit("/", 1)[1]], known)
    if "anyOf" in schema:
        return _sample(schema["anyOf"][0], known)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            wanted = schema.get("properties", {})
            return {n: _sample(s, known) for n, s in wanted.items() if n in schema.get("required", ())} if wanted else {"w": "x"}
        case "array":
            return []
        case "boolean":
            return True
        case "integer":
            return 1
    return {"uuid": str(uuid4()), "date": "2027-10-01"}.get(schema.get("format", ""), "x")


def _ask(client: httpx.Client, way: Way, values: Mapping[str, str], *, plausible: bool = False) -> httpx.Response:
    body: dict[str, Any] = {}
    if way.method != "GET" and way.path.startswith("/api/"):
        body = {"json": _plausible(way) if plausible else {}, "headers": {"If-Match": '"1"', "Idempotency-Key": str(uuid4())}}
    elif way.method != "GET":
        body = {"data": {"version": "1", "reason": "x", "title": "x", "code": "ABCD2345"} if plausible else {}}
    return client.request(way.method, way.at(values), **body)


def _said(response: httpx.Response, values: Mapping[str, str]) -> tuple[int, str, str]:
    """An answer without what always differs: the ids asked for, the request's number, one-time keys."""
    text = re.sub(r'urn:uuid:[0-9a-f-]*|name="key" value="[^"]*"', "", response.text)
    where = response.headers.get("location", "")
    for value in values.values():
        text, where = text.replace(value, "ID"), where.replace(value, "ID")
    return response.status_code, where, text


def test_every_route_names_exactly_one_operation_of_the_matrix() -> None:
    assert len(WAYS) > 100
    assert {type(w.operation) for w in WAYS} == {Operation}
    assert len({str(w) for w in WAYS}) == len(WAYS), "an address with two routes"


def test_no_two_routes_share_a_name() -> None:
    """A link is made from a name, and would lead to whichever route came first."""
    assert [name for name, times in Counter(w.name for w in WAYS).items() if times > 1] == []


def test_every_parameter_of_a_path_is_known_to_this_test(house: House) -> None:
    asked = {name for way in WAYS for name in way.parameters}
    assert asked <= house.falun.keys() | SECRETS, "add an id of Falun's for the new parameter"
    assert {n for w in WAYS if w.operation is not Operation.public for n in w.parameters}.isdisjoint(SECRETS)


def test_a_visitor_is_refused_everywhere_but_in_public(house: House) -> None:
    visitor = house.client(None)
    for way in WAYS:
        if way.operation is Operation.public:
            continue
        answer = _ask(visitor, way, house.falun)
        if way.path.startswith("/api/"):
            assert answer.status_code == 401, (str(way), answer.status_code)
        else:
            assert answer.status_code in (303, 401), (str(way), answer.status_code)
            assert answer.status_code == 401 or answer.headers["location"].startswith("/logga-in"), str(way)


@pytest.mark.parametrize("plausible", [False, True], ids=["empty", "plausible"])
def test_borlange_hears_of_faluns_things_exactly_what_it_hears_of_made_up_ones(house: House, plausible: bool) -> None:
    hanna, made_up, before = house.client(house.cast.hanna), _made_up(house.falun), house.effects()
    faults = []
    for way in WAYS:
        if way.operation is Operation.public or not set(way.parameters) - SHARED:
            continue
        for own in ({}, house.borlange):  # Falun's everything, then Falun's things behind an address of Borlänge's own
            if own and not set(way.parameters) - own.keys():
                continue
            if own and "agreement_id" not in way.parameters:
                continue
            outer = {"agreement_id": own["agreement_id"]} if own else {}
            theirs, nobodys = {**house.falun, **outer}, {**made_up, **outer}
            first = _said(_ask(hanna, way, theirs, plausible=plausible), theirs)
            second = _said(_ask(hanna, way, nobodys, plausible=plausible), nobodys)
            if first != second or first[0] < 400 or first[0] >= 500:
                faults.append((str(way), bool(own), first[0], second[0], first[1]))
    assert faults == []
    assert house.effects() == before


def test_what_cannot_be_an_id_is_answered_like_one_that_is_not(house: House) -> None:
    hanna = house.client(house.cast.hanna)
    for way in WAYS:
        if way.operation is Operation.public or not set(way.parameters) - SHARED:
            continue
        answer = _ask(hanna, way, dict.fromkeys(house.falun, "1"))
        assert answer.status_code in (403, 404), (str(way), answer.status_code)


PEOPLE = {
    (Role.strategist, Relation.region): "elin",
    (Role.registrar, Relation.region): "registrar",
    (Role.administrator, Relation.region): "administrator",
    (Role.signatory, Relation.region): "torun",
    (Role.main, Relation.party): "karin",
    (Role.deputy, Relation.party): "peter",
    (Role.signatory, Relation.party): "chair",
    (Role.registrar, Relation.party): "falun_registrar",
}


def _person(house: House, role: Role, relation: Relation) -> Actor:
    if (role, relation) in PEOPLE:
        found: Actor = getattr(house.cast, PEOPLE[role, relation])
        return found
    with house.site.store.write() as session:
        return join(session, "Ny Person", house.cast.region if relation is Relation.region else house.cast.falun, role)


@pytest.mark.parametrize(("role", "relation"), [*PEOPLE, (Role.reader, Relation.party)])
def test_the_matrix_holds_by_real_requests(house: House, role: Role, relation: Relation) -> None:
    """What a role may not try in this relation is refused on every route of Falun's; looking where it may is answered."""
    person, before = _person(house, role, relation), house.effects()
    client = house.client(person)
    allowed = {g.operation for g in GRANTS if role in g.roles and relation in g.relations}
    for way in WAYS:
        if way.operation in (Operation.public, Operation.own_session):
            continue
        if way.operation not in allowed and (way.parameters or not may_somewhere(way.operation, person)):
            answer = _ask(client, way, house.falun, plausible=True)
            no = (403, 404)
            assert answer.status_code in no, (str(way), answer.status_code, answer.text[-600:])
        elif way.operation in allowed and way.method == "GET" and way.path.startswith("/api/"):
            answer = _ask(client, way, house.falun)
            expected = {200, 404} if "response_id" in way.parameters else {200}
            expected |= {503} if way.path.startswith("/api/v1/schedules") else set()  # no scheduler runs beside these tests
            assert answer.status_code in expected, (str(way), answer.status_code, answer.text)
    assert house.effects() == before


def test_all_tables_that_a_route_names_belong_to_the_agreement_of_falun(house: House) -> None:
    with house.site.store.read() as session:
        query = select(SignatureSlot.agreement_id).where(col(SignatureSlot.id) == UUID(house.falun["slot_id"]))
        assert str(session.exec(query).one()) == house.falun["agreement_id"]
