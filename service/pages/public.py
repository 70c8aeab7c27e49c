"""The public pages: what has been agreed, for anybody, without cookie or script; about all else nothing is told."""

from collections.abc import Sequence
from datetime import date
from xml.etree import ElementTree as Xml

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.cases import documents
from service.pages.files import download
from service.pages.rendering import Frame, NavLink, Paths, render
from service.pages.signatures import LABELS
from service.store import signing as rows
from service.web import Visit, permit
from states.access import Operation
from states.calendar import civil
from states.errors import NotFound
from states.facts import from_canonical
from states.labels import NOT_YET, Audience, agreement_label
from states.said import _

router = APIRouter(include_in_schema=False)

CACHE = "public, max-age=300"
"""Five minutes: short enough for something that is taken down, long enough for a crowd."""

_ATOM = "http://www.w3.org/2005/Atom"


@router.get("/publikt", name="public")
@permit(Operation.public)
def published(request: Request, visit: Visit) -> HTMLResponse:
    """Every municipality with what it has agreed, or that there is nothing yet."""
    with visit.read() as session:
        found = rows.public_list(session)
    today = civil(visit.now)
    programmes = [
        {
            "name": p.name,
            "region": p.region,
            "count": sum(bool(row.slug) for row in p.rows),
            "rows": [{"row": row, "label": _label(row, today)} for row in p.rows],
        }
        for p in found
    ]
    return show(request, "public/list.html", programmes=programmes)


@router.get("/publikt/atom", name="public_feed")
@permit(Operation.public)
def feed(request: Request, visit: Visit) -> Response:
    """The published agreements as an Atom feed, newest first."""
    with visit.read() as session:
        listed = [row for p in rows.public_list(session) for row in p.rows if row.slug]
    xml = _atom(visit.settings.base_url, Paths(request), listed)
    return Response(xml, media_type="application/atom+xml", headers={"Cache-Control": CACHE})


@router.get("/publikt/{slug}", name="public_agreement")
@permit(Operation.public)
def agreement(request: Request, visit: Visit, slug: str) -> HTMLResponse:
    """The text that was signed and who signed it; when it was taken down, why."""
    with visit.read() as session:
        found = rows.published_at(session, slug)
        if found is None:
            raise NotFound
        signers = rows.signers(session, found.agreement.id)
    facts, publication = from_canonical(found.canonical), found.publication
    if publication.unpublished_at is not None:
        return show(request, "public/gone.html", status=410, reason=publication.reason, at=publication.unpublished_at)
    start = found.agreement.period_from
    day = start if start > civil(visit.now) else None
    return show(
        request,
        "public/agreement.html",
        facts=facts,
        labels=LABELS,
        signers=[(s, date.fromisoformat(s.signed)) for s in signers],
        code=found.control_code,
        slug=slug,
        size=max(1, round(found.document.size / 1024)),
        label=agreement_label(found.agreement.state, frozenset(), Audience.public, day=day),
        published_at=publication.published_at,
    )


@router.get("/publikt/{slug}/fil", name="public_file")
@permit(Operation.public)
def signed_file(visit: Visit, slug: str) -> Response:
    with visit.read() as session:
        return download(documents.public_file(session, visit.files, slug), CACHE)


def show(request: Request, template: str, *, status: int = 200, cache: str = CACHE, **context: object) -> HTMLResponse:
    """A page that is the same for all, signed in or not, so that it may be kept on the way."""
    paths = Paths(request)
    nav = (NavLink(_("Överenskommelser"), paths("public")),)
    request.state.frame = Frame(foot=foot(paths), home=paths("public"), nav=nav, demo=request.app.state.house.settings.demo)
    return render(request, template, status=status, headers={"Cache-Control": cache}, **context)


def foot(paths: Paths) -> tuple[NavLink, ...]:
    """The links at the foot of every page."""
    return (
        NavLink(_("Tillgänglighet"), paths("accessibility")),
        NavLink(_("Om Överens"), paths("about")),
        NavLink(_("Hjälp"), paths("help")),
    )


def _label(row: rows.Listed, today: date) -> str:
    if row.state is None or row.period_from is None:
        return NOT_YET
    day = row.period_from if row.period_from > today else None
    return agreement_label(row.state, frozenset(), Audience.public, day=day) or NOT_YET


def _atom(base_url: str, paths: Paths, listed: Sequence[rows.Listed]) -> bytes:
    """Atom 1.0 with addresses that do not change; an empty feed is as old as the first publication could be."""
    newest = sorted((r for r in listed if r.published_at), key=_moment, reverse=True)
    root = Xml.Element("feed", xmlns=_ATOM)
    here = base_url + paths("public_feed")
    _add(root, "id", here)
    _add(root, "title", _("Publicerade överenskommelser"))
    _add(root, "updated", _moment(newest[0]) if newest else "2026-01-01T00:00:00+00:00")
    _add(root, "link", rel="self", href=here)
    _add(root, "link", rel="alternate", href=base_url + paths("public"))
    for row in newest:
        address = base_url + paths("public_agreement", slug=row.slug)
        entry = _add(root, "entry")
        _add(entry, "id", address)
        _add(entry, "title", f"{row.title} – {row.organisation}")
        _add(entry, "updated", _moment(row))
        _add(_add(entry, "author"), "name", row.organisation)
        _add(entry, "link", rel="alternate", href=address)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + bytes(Xml.tostring(root, encoding="utf-8"))


def _add(parent: Xml.Element, name: str, text: str = "", **attributes: str) -> Xml.Element:
    made = Xml.SubElement(parent, name, attributes)
    made.text = text or None
    return made


def _moment(row: rows.Listed) -> str:
    return row.published_at.isoformat() if row.published_at else ""
