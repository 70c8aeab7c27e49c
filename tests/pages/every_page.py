"""Every page of the demonstration with somebody who may see it; `python -m tests.pages.every_page FOLDER` takes pictures."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright
from sqlmodel import Session, col, select

from service.app import create_app
from service.cases.demo import demo_clock, seed_demo
from service.cases.documents import keep_scan
from service.cases.publish import unpublish
from service.cases.receive import receive
from service.cases.respond import Draft, save_answer
from service.cases.sign import record_paper
from service.cases.sign_in import one_link
from service.post.inbox import Attachment, Letter
from service.settings import Settings
from service.store.files import Files
from service.store.schema import migrate
from service.store.session import Store
from service.store.standing import load_many
from service.store.tables import (
    AgreementParty,
    ContactAssignment,
    DecisionStep,
    DialogueRound,
    FrozenText,
    Invitation,
    Meeting,
    Message,
    Organisation,
    Person,
    Programme,
    Publication,
    ReceivedMail,
    SignatureSlot,
    Task,
)
from service.store.tables.response import AnswerKind
from states import clause as clause_rule
from states.parties import Actor, Role
from states.tokens import unsubscribe_token
from tests.browser import DESKTOP, EXECUTABLE, FLAGS, NARROW, PHONE, serving
from tests.pages.site import session_cookie
from tests.service.cases.life import PDF

REGION = "Dalarna"


@dataclass(frozen=True, slots=True)
class Stop:
    """One page: the name of its route, who looks, the town it concerns, and what else its address needs."""

    route: str
    who: tuple[str, Role] | None = None
    town: str = ""
    params: tuple[str, ...] = ()
    query: str = ""
    status: int = 200
    note: str = ""

    @property
    def name(self) -> str:
        return "-".join(
            part
            for part in (
                self.route,
                self.town or (self.who[0] if self.who else ""),
                self.who[1].value if self.who else "",
                self.note,
            )
            if part
        )


ELIN = (REGION, Role.strategist)
TORUN = (REGION, Role.signatory)
REGISTRAR = (REGION, Role.registrar)
SOFIA = (REGION, Role.administrator)


def _contact(town: str) -> tuple[str, Role]:
    return (town, Role.main)


def _signatory(town: str) -> tuple[str, Role]:
    return (town, Role.signatory)


def _negotiations() -> Iterator[Stop]:
    """The agreement and its steps, in every state that the demonstration has, from both sides."""
    for town in ("Orsa", "Leksand", "Borlänge", "Hedemora", "Ludvika", "Säter", "Gagnef", "Smedjebacken", "Falun", "Mora"):
        yield Stop("agreement", ELIN, town)
    for town in ("Malung-Sälen", "Rättvik", "Älvdalen", "Avesta", "Vansbro"):
        yield Stop("agreement", _contact(town), town)
    yield Stop("agreement", _contact("Orsa"), "Orsa")
    for look in ("sidor", "ord", "hel"):
        yield Stop("agreement", _contact("Orsa"), "Orsa", query=f"vy={look}", note=look)
    yield Stop("agreement", _contact("Orsa"), "Orsa", query="visa=vantar", note="vantar")
    yield Stop("agreement", TORUN, "Älvdalen")
    yield Stop("agreement", REGISTRAR, "Falun")
    yield Stop("comparison", _contact("Orsa"), "Orsa", ("waiting",))
    for answer in ("counter", "exclude"):
        yield Stop("answer", _contact("Leksand"), "Leksand", ("waiting",), f"svar={answer}", note=answer)
    yield Stop("clauses", _contact("Ludvika"), "Ludvika")
    yield Stop("response", _contact("Orsa"), "Orsa")
    yield Stop("response", _contact("Leksand"), "Leksand", note="empty")
    yield Stop("reopening", ELIN, "Älvdalen", ("agreed",))
    yield Stop("retraction", ELIN, "Orsa", ("waiting",))
    yield Stop("proposal", ELIN, "Gagnef")
    for step in ("withdrawal", "due", "case_number"):
        yield Stop(step, ELIN, "Ludvika")


def _settings() -> Iterator[Stop]:
    yield Stop("settings", ELIN)
    yield Stop("settings", SOFIA)
    yield Stop("programme_reminders", SOFIA, "", ("programme",))
    yield Stop("agreement_reminders", ELIN, "Ludvika")
    yield Stop("letters", ELIN)
    yield Stop("letter", SOFIA, "", ("letter",))
    yield Stop("messages", ELIN, query="visa=plan&dagar=30", note="plan30")


def _municipality() -> Iterator[Stop]:
    for town in ("Orsa", "Ludvika", "Rättvik", "Älvdalen", "Falun", "Smedjebacken", "Gagnef"):
        yield Stop("municipality", _contact(town))
    yield Stop("date_requests", _contact("Ludvika"), "Ludvika")
    yield Stop("declination", _contact("Ludvika"), "Ludvika")
    yield Stop("declination", _contact("Ludvika"), "Ludvika", query="kod=skickad", note="code")
    yield Stop("own_contacts", _contact("Rättvik"))
    yield Stop("own_colleagues", _contact("Rättvik"))
    yield Stop("own_handover", _contact("Falun"), "Falun", ("deputy",))
    yield Stop("own_ending", _contact("Falun"), "Falun", ("deputy",))


def _signing() -> Iterator[Stop]:
    for town in ("Borlänge", "Avesta", "Älvdalen", "Falun"):
        yield Stop("decision", ELIN, town)
    yield Stop("decision", _contact("Rättvik"), "Rättvik")
    yield Stop("decision", _signatory("Älvdalen"), "Älvdalen")
    yield Stop("decision", _contact("Älvdalen"), "Älvdalen")
    yield Stop("decision_plan", _contact("Rättvik"), "Rättvik", ("party",))
    yield Stop("outcome", _contact("Rättvik"), "Rättvik", ("step",))
    yield Stop("decision_report", _contact("Rättvik"), "Rättvik", ("step",))
    yield Stop("slots", _contact("Borlänge"), "Borlänge", ("party",))
    yield Stop("signature", _signatory("Älvdalen"), "Älvdalen", ("slot",))
    yield Stop("signature", _signatory("Älvdalen"), "Älvdalen", ("slot",), "kod=skickad", note="code")
    yield Stop("signatory_change", _contact("Älvdalen"), "Älvdalen", ("slot",))
    yield Stop("refusal", _signatory("Älvdalen"), "Älvdalen", ("slot",))
    yield Stop("paper", _contact("Älvdalen"), "Älvdalen", ("slot",))
    yield Stop("verification", ELIN, "Älvdalen", ("signature",))
    yield Stop("unpublication", ELIN, "Falun")


def _region() -> Iterator[Stop]:
    yield Stop("today", ELIN)
    yield Stop("task", ELIN, "", ("task",))
    yield Stop("programmes", ELIN)
    yield Stop("programme", ELIN, "", ("programme",))
    yield Stop("programme", ELIN, "", ("programme",), "vantar=region", note="filter")
    yield Stop("programme", ELIN, "", ("programme",), "lage=withdrawn", note="none")
    yield Stop("programme", REGISTRAR, "", ("programme",))
    yield Stop("new_programme", ELIN)
    yield Stop("areas", ELIN, "", ("programme",))
    yield Stop("area", ELIN, "", ("area",))
    yield Stop("proposals", ELIN, "", ("programme",))
    yield Stop("dispatch", ELIN, "", ("programme",))
    yield Stop("contacts", ELIN)
    yield Stop("new_contact", ELIN, "Orsa", ("organisation",))
    yield Stop("contact_handover", ELIN, "Orsa", ("main",))
    yield Stop("contact_ending", ELIN, "Orsa", ("main",))
    yield Stop("messages", ELIN)
    yield Stop("message", ELIN, "", ("message",))
    yield Stop("inbox", ELIN)
    yield Stop("inbox", SOFIA, query="visa=inlagda", note="filed")
    yield Stop("received_mail", ELIN, "", ("mail",))
    yield Stop("agreement_mails", ELIN, "Orsa")
    yield Stop("agreement_mails", ELIN, "Ludvika", note="empty")
    yield Stop("events", REGISTRAR)
    yield Stop("events", SOFIA)
    yield Stop("chain", SOFIA)


AMIRA = ("Region Stockholm", Role.strategist)
LO = ("Falun", Role.guest)
_FOURTH, _THIRD, _ARTISTS, _VISIT = (
    "Regional kulturdialog 4",
    "Regional kulturdialog 3",
    "Dialog om konst",
    "Möte om överenskommelsen, R",
)
_REMISS, _FORUM, _STAGES = "Remiss", "Årligt forum", "Dialogmöte: scenkonst"


def _dialogues() -> Iterator[Stop]:
    """Dialogues in every state that the demonstration has, for the region, the invited and who comes instead."""
    for who in (ELIN, AMIRA, _contact("Orsa"), _contact("Mora"), LO, REGISTRAR, _contact("Gagnef")):
        yield Stop("dialogues", who)
    yield Stop("new_dialogue", ELIN)
    yield Stop("new_dialogue_series", ELIN)
    yield Stop("dialogue_follow_up", ELIN)
    yield Stop("dialogue_follow_up", ELIN, query="ar=2020", note="none")
    yield Stop("dialogue_follow_up", AMIRA)
    for title, note in ((_FOURTH, "draft"), (_THIRD, "closed"), (_ARTISTS, "held"), (_VISIT, "summarised"), (_REMISS, "remiss")):
        yield Stop("dialogue", ELIN, "", (f"round:{title}",), note=note)
    yield Stop("dialogue", AMIRA, "", (f"round:{_FORUM}",), note="invited")
    yield Stop("dialogue", AMIRA, "", (f"round:{_STAGES}",), note="stages")
    yield Stop("dialogue", _contact("Rättvik"), "", (f"round:{_VISIT}",), note="notes")
    yield Stop("dialogue", _contact("Mora"), "", (f"round:{_REMISS}",), note="answered")
    yield Stop("dialogue", _contact("Orsa"), "", (f"round:{_REMISS}",), note="remiss")
    yield Stop("dialogue", _contact("Täby"), "", (f"round:{_FORUM}",), note="rsvp")
    yield Stop("dialogue", _contact("Solna"), "", (f"round:{_FORUM}",), note="rsvp")
    yield Stop("dialogue", LO, "", (f"round:{_THIRD}",), note="guest")
    yield Stop("dialogue_plan", ELIN, "", (f"round:{_FOURTH}",))
    yield Stop("new_meeting", ELIN, "", (f"round:{_FOURTH}",))
    yield Stop("rescheduling", ELIN, "", (f"meeting:{_FOURTH}",), note="draft")
    yield Stop("rescheduling", AMIRA, "", (f"meeting:{_FORUM}",))
    yield Stop("meeting_cancellation", AMIRA, "", (f"meeting:{_FORUM}",))
    yield Stop("dialogue_cancellation", AMIRA, "", (f"round:{_FORUM}",))
    yield Stop("agenda", ELIN, "", (f"meeting:{_FOURTH}",))
    yield Stop("agenda", ELIN, "", (f"meeting:{_THIRD}",), note="closed")
    yield Stop("dialogue_guests", ELIN, "", (f"round:{_FOURTH}",))
    yield Stop("dialogue_guests", AMIRA, "", (f"round:{_FORUM}",), note="answers")
    yield Stop("dialogue_reply", AMIRA, "", (f"invitation:{_FORUM}",))
    yield Stop("attendance", ELIN, "", (f"meeting:{_ARTISTS}",))
    yield Stop("attendance", AMIRA, "", (f"meeting:{_STAGES}",), note="closed")
    yield Stop("consultation_answers", ELIN, "", (f"round:{_REMISS}",))
    for route in ("dialogue_findings", "dialogue_actions", "dialogue_notes"):
        yield Stop(route, ELIN, "", (f"round:{_ARTISTS}",))
        yield Stop(route, ELIN, "", (f"round:{_THIRD}",), note="closed")
    yield Stop("dialogue_notes", ELIN, "", (f"round:{_VISIT}",), note="out")


def _public() -> Iterator[Stop]:
    yield Stop("sign_in")
    yield Stop("sign_in_code")
    yield Stop("sign_in_code", query="skickad=1", note="sent")
    yield Stop("link", None, "Orsa", ("token",))
    yield Stop("link", None, "", ("spent",), note="spent")
    yield Stop("sessions", ELIN)
    yield Stop("unsubscription", None, "Orsa", ("digest",))
    yield Stop("public")
    yield Stop("public_agreement", None, "Falun", ("slug",))
    yield Stop("public_agreement", None, "Vansbro", ("slug",), status=410)
    yield Stop("public_agreement", None, "", ("unknown",), note="unknown", status=404)
    yield Stop("accessibility")
    yield Stop("accessibility_receipt", None, "", ("receipt",))
    yield Stop("about")
    yield Stop("help")
    yield Stop("help", _contact("Orsa"))


def _refusals() -> Iterator[Stop]:
    yield Stop("agreement", _contact("Orsa"), "Falun", status=404)
    yield Stop("task", _contact("Orsa"), "", ("task",), status=403)


STOPS: tuple[Stop, ...] = tuple(
    stop
    for part in (_region, _settings, _negotiations, _municipality, _signing, _dialogues, _public, _refusals)
    for stop in part()
)


class Stage:
    """The demonstration, served, with the few things in it that its story does not have."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings, self.files = store, settings, Files(settings.files_dir)
        self.now = demo_clock()
        seed_demo(store, self.files)
        self._cookies: dict[tuple[str, Role], tuple[str, str]] = {}
        self._prepare()

    @cached_property
    def application(self) -> FastAPI:
        app = create_app(self.settings, self.store)
        app.state.house = replace(app.state.house, clock=lambda: self.now)
        return app

    def actor(self, who: tuple[str, Role]) -> Actor:
        with self.store.read() as session:
            assignment, person = session.exec(
                select(ContactAssignment, Person)
                .join(Person, col(Person.id) == col(ContactAssignment.person_id))
                .join(Organisation, col(Organisation.id) == col(ContactAssignment.organisation_id))
                .where(col(Organisation.short_name) == who[0], col(ContactAssignment.role) == who[1])
                .order_by(col(ContactAssignment.id))
            ).all()[0]
            return Actor(assignment.id, person.id, assignment.organisation_id, assignment.role, person.name)

    def cookie(self, who: tuple[str, Role]) -> tuple[str, str]:
        if who not in self._cookies:
            self._cookies[who] = session_cookie(self.store, self.settings, self.actor(who))
        return self._cookies[who]

    def path(self, stop: Stop) -> str:
        """The address of a stop, with ids looked up among the rows."""
        known = {"agreement_id": self.agreement(stop.town)} if stop.town else {}
        wanted = _names(self.application, stop.route)
        values = {**known, **{_PARAMS[p.partition(":")[0]]: self._value(stop, p) for p in stop.params}}
        path = self.application.url_path_for(stop.route, **{name: str(values[name]) for name in wanted})
        return f"{path}?{stop.query}" if stop.query else str(path)

    def agreement(self, town: str) -> UUID:
        return self._party(town).agreement_id

    def _party(self, town: str) -> AgreementParty:
        with self.store.read() as session:
            return session.exec(select(AgreementParty).join(Organisation).where(col(Organisation.short_name) == town)).one()

    def _value(self, stop: Stop, param: str) -> Any:
        if param in ("waiting", "agreed"):
            return self.clause(stop.town, clause_rule.State.agreed if param == "agreed" else None)
        if param == "party":
            return self._party(stop.town).id
        if param == "organisation":
            return self._party(stop.town).organisation_id
        if param in ("main", "deputy"):
            return self.actor((stop.town, Role(param))).assignment
        if param == "token":
            return self._token(stop.town)
        if param == "digest":
            return unsubscribe_token(self.settings.secret_keys[0], self._row(stop, "mailed").hex)
        if ":" in param:
            return self._of_dialogue(*param.split(":", 1))
        if param in _FIXED:
            return _FIXED[param]
        return self._row(stop, param)

    def _row(self, stop: Stop, param: str) -> Any:
        agreement = self.agreement(stop.town) if stop.town else None
        queries: Mapping[str, Any] = {
            "step": lambda: select(DecisionStep.id).where(col(DecisionStep.agreement_id) == agreement),
            "slot": lambda: select(SignatureSlot.id).where(
                col(SignatureSlot.assignment_id) == self.actor(_signatory(stop.town)).assignment
            ),
            "slug": lambda: select(Publication.slug).where(col(Publication.agreement_id) == agreement),
            "programme": lambda: select(Programme.id),
            "area": lambda: _areas(),
            "task": lambda: select(Task.id).where(col(Task.done_at).is_(None)),
            "message": lambda: select(Message.id).order_by(col(Message.id).desc()),
            "mailed": lambda: select(Message.id).where(col(Message.assignment_id).is_not(None)),
            "mail": lambda: select(ReceivedMail.id).where(col(ReceivedMail.state) == "set_aside"),
        }
        if param == "signature":
            return self.paper
        with self.store.read() as session:
            return session.exec(queries[param]()).first()

    def _of_dialogue(self, what: str, title: str) -> Any:
        """The round whose title begins so, its first meeting, or an invitation that nobody has answered."""
        with self.store.read() as session:
            row = session.exec(select(DialogueRound.id).where(col(DialogueRound.title).startswith(title))).one()
            queries: Mapping[str, Any] = {
                "round": select(DialogueRound.id).where(col(DialogueRound.id) == row),
                "meeting": select(Meeting.id).where(col(Meeting.round_id) == row),
                "invitation": select(Invitation.id).where(col(Invitation.round_id) == row, col(Invitation.reply).is_(None)),
            }
            return session.exec(queries[what]).first()

    def clause(self, town: str, state: clause_rule.State | None) -> UUID:
        """The first area in that state; without one, the last that somebody is waited for."""
        agreement = self.agreement(town)
        with self.store.read() as session:
            standing = load_many(session, [agreement])[agreement]
            if state:
                return next(c.id for c in standing.clauses if standing.state_of(c) is state)
            return [c.id for c in standing.clauses if standing.clause_waits_on(c)][-1]

    def _token(self, town: str) -> str:
        with self.store.write() as session:
            assignment = session.get_one(ContactAssignment, self.actor(_contact(town)).assignment)
            return one_link(session, self.now, datetime.now(UTC), assignment).rsplit("/", 1)[-1]

    def _prepare(self) -> None:
        """Drafts in Orsa, a signature on paper in Älvdalen, and Vansbro taken down."""
        maja, orsa = self.actor(_contact("Orsa")), self.agreement("Orsa")
        with self.store.write() as session:
            standing = load_many(session, [orsa])[orsa]
            ours = [c for c in standing.clauses if standing.clause_waits_on(c)]
            accepted, reworded = ours[0], ours[-2]
            save_answer(session, maja, self.now, orsa, Draft(AnswerKind.accept, accepted.id, accepted.head.id))
            text = {"w": "Parterna ska tillsammans bredda utbudet, också på loven.", "k": "Kommunen betalar resorna."}
            again = Draft(AnswerKind.counter, reworded.id, reworded.head.id, "Kultur för alla", text, "Resorna är dyra.")
            save_answer(session, maja, self.now, orsa, again)
            unpublish(session, self.actor(ELIN), self.now, self.agreement("Vansbro"), "En bilaga behöver rättas.")
            self._answer_by_mail(session, orsa)
        self.paper = self._paper()

    def _answer_by_mail(self, session: Session, agreement: UUID) -> None:
        """Two mails with a file: one answers the newest letter about the agreement, the other nothing we know."""
        sent = session.exec(
            select(Message).where(col(Message.agreement_id) == agreement).order_by(col(Message.id).desc())
        ).first()
        assert sent is not None
        text, file = "Hej!\n\nVi återkommer efter nämndens möte.\n\n/Maja", Attachment("yttrande.pdf", "application/pdf", PDF)
        for number, answers in enumerate([(sent.message_id,), ()]):
            mail = Letter(f"<{number}@orsa.example>", sent.recipient.lower(), f"Sv: {sent.subject}", text, answers, {}, (file,))
            receive(session, self.files, self.now, mail)

    def _paper(self) -> UUID:
        per, town = self.actor(_contact("Älvdalen")), self.agreement("Älvdalen")
        with self.store.write() as session:
            frozen = session.exec(select(FrozenText).where(col(FrozenText.agreement_id) == town)).all()[-1]
            other = session.exec(
                select(SignatureSlot)
                .where(col(SignatureSlot.agreement_id) == town, col(SignatureSlot.state) == "requested")
                .order_by(col(SignatureSlot.id).desc())
            ).all()[0]
            scan = keep_scan(session, self.files, per, self.now, town, PDF).id
            return record_paper(session, per, self.now, other.id, frozen.control_code, scan, self.now.date()).id


_FIXED = {"spent": "direkt-" + "A" * 43, "unknown": "finns-inte", "receipt": "A1B2C3D4", "letter": "proposal"}
_PARAMS = {
    "waiting": "clause_id",
    "agreed": "clause_id",
    "party": "party_id",
    "step": "step_id",
    "slot": "slot_id",
    "signature": "signature_id",
    "slug": "slug",
    "unknown": "slug",
    "token": "token",
    "spent": "token",
    "digest": "token",
    "letter": "letter",
    "receipt": "receipt",
    "programme": "programme_id",
    "area": "area_id",
    "task": "task_id",
    "message": "message_id",
    "mail": "mail_id",
    "organisation": "organisation_id",
    "main": "assignment_id",
    "deputy": "assignment_id",
    "round": "round_id",
    "meeting": "meeting_id",
    "invitation": "invitation_id",
}


def _areas() -> Any:
    from service.store.tables import CooperationArea

    return select(CooperationArea.id)


def _names(app: FastAPI, route: str) -> list[str]:
    path = next(r.path for r in page_routes(app) if r.name == route)
    return re.findall(r"\{(\w+)", path)


@dataclass(frozen=True, slots=True)
class PageRoute:
    name: str
    path: str


def page_routes(app: FastAPI) -> list[PageRoute]:
    """Every route of the pages that can be asked for with GET."""
    from service.app import PAGES

    return [
        PageRoute(route.name, route.path)  # type: ignore[attr-defined]
        for router in PAGES
        for route in router.routes
        if "GET" in route.methods  # type: ignore[attr-defined]
    ]


@contextmanager
def staged(store: Store, settings: Settings) -> Iterator[tuple[Stage, str]]:
    stage = Stage(store, settings)
    with serving(stage.application) as url:
        yield stage, url


def opened(browser: Browser, stage: Stage, url: str, who: tuple[str, Role] | None, **how: Any) -> Page:
    """A page of that person's own browser, signed in; or a visitor's."""
    context = browser.new_context(locale="sv-SE", timezone_id="Europe/Stockholm", **how)
    if who:
        name, value = stage.cookie(who)
        context.add_cookies([{"name": name, "value": value, "url": url}])
    return context.new_page()


def main(folder: Path, only: str = "") -> None:
    """Take a picture of every page at a desk and on a phone; of some also narrow, dark and on paper."""
    data = Path(tempfile.mkdtemp())
    store = Store(f"sqlite:///{data / 'overens.sqlite3'}")
    migrate(store)
    folder.mkdir(parents=True, exist_ok=True)
    with staged(store, Settings(data_dir=data)) as (stage, url), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, headless=True, args=FLAGS)
        ways: dict[str, dict[str, Any]] = {"desk": {"viewport": DESKTOP}, "phone": {"viewport": PHONE}}
        if os.environ.get("ALSO"):
            ways = {"narrow": {"viewport": NARROW}, "dark": {"viewport": DESKTOP, "color_scheme": "dark"}}
        for way, how in ways.items():
            for who in {stop.who for stop in STOPS}:
                page = opened(browser, stage, url, who, **how)
                for stop in [s for s in STOPS if s.who == who and re.search(only, s.name)]:
                    answer = page.goto(url + stage.path(stop))
                    if answer is None or answer.status != stop.status:
                        print(stop.name, answer and answer.status, urlsplit(page.url).path)
                    page.screenshot(path=folder / f"{stop.name}.{way}.png", full_page=True)
                page.context.close()
        browser.close()
    shutil.rmtree(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
