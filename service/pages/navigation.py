"""The menu, the foot and the head of every page, by who looks at it."""

from datetime import datetime

from sqlmodel import Session
from starlette.requests import Request
from starlette.routing import NoMatchFound

from service.pages.public import foot
from service.pages.rendering import Frame, NavLink, Paths, Visitor
from service.settings import Settings
from service.store import waiting
from service.store.desk import troubled
from service.store.overview import programmes
from service.web import Visit
from states.access import Operation, Relation, may
from states.parties import Actor, Role
from states.said import _


def framed(request: Request, visit: Visit) -> None:
    """A dependency of every page: puts its frame where the templates look for it."""
    with visit.read() as session:
        request.state.frame = frame_for(request, session, visit.settings, visit.actor, visit.organisation, visit.now)


def frame_for(
    request: Request, session: Session, settings: Settings, actor: Actor | None, organisation: str, now: datetime
) -> Frame:
    """What surrounds a page; `actor` is None for somebody who has not signed in, `now` is business time."""
    paths = Paths(request)
    below = foot(paths)
    if actor is None or actor.person is None:
        return Frame(foot=below, demo=settings.demo)
    nav = _staff(session, actor, now, paths) if actor.staff else _party(actor, paths)
    return Frame(
        actor=Visitor(actor.name, organisation),
        nav=nav,
        foot=[*below, NavLink(_("Inloggade enheter"), paths("sessions"))],
        home=_path(paths, "today") or "/",
        sign_out=_path(paths, "sign_out"),
        demo=settings.demo,
    )


def _staff(session: Session, actor: Actor, now: datetime, paths: Paths) -> list[NavLink]:
    """The links a person of the region may follow, with what waits behind them."""
    own = actor.role is Role.strategist
    count = waiting.count(session, actor, now) if own else 0
    possible = (
        (Operation.view_tasks, _("Att göra"), _path(paths, "today"), count),
        (Operation.view_programme, _("Översikt"), _overview(session, actor, paths), 0),
        (Operation.view_dialogue, _("Dialoger"), _path(paths, "dialogues"), 0),
        (Operation.view_contacts, _("Kontakter"), _path(paths, "contacts"), 0),
        (Operation.view_messages, _("Utkorg"), _path(paths, "messages"), troubled(session, actor) if own else 0),
        (Operation.view_log, _("Händelselogg"), _path(paths, "events"), 0),
        (Operation.view_settings, _("Inställningar"), _path(paths, "settings"), 0),
    )
    return [
        NavLink(label, href, number)
        for operation, label, href, number in possible
        if href and may(operation, actor.role, Relation.region)
    ]


def _overview(session: Session, actor: Actor, paths: Paths) -> str:
    """The one programme there is, else the list of them."""
    found = programmes(session, actor)
    return _path(paths, "programme", programme_id=found[0][0].id) if len(found) == 1 else _path(paths, "programmes")


def _party(actor: Actor, paths: Paths) -> list[NavLink]:
    dialogues = NavLink(_("Dialoger"), _path(paths, "dialogues"))
    if not may(Operation.view_agreement, actor.role, Relation.party):
        return [dialogues]
    found = [NavLink(_("Min kommun"), _path(paths, "municipality")), dialogues]
    if may(Operation.view_contacts, actor.role, Relation.party):
        found.append(NavLink(_("Våra kontakter"), _path(paths, "own_contacts")))
    return [link for link in found if link.href]


def _path(paths: Paths, name: str, **values: object) -> str:
    """The address of a page, or nothing in an installation without that page."""
    try:
        return paths(name, **values)
    except NoMatchFound:
        return ""
