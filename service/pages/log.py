"""Händelselogg: who did what to which text, one agreement's story in words, and whether the chain of events is whole."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.pages.event_words import KINDS, sentence
from service.pages.matrix import alphabetical
from service.pages.rendering import Paths, render
from service.store import history, story
from service.web import Visit, permit
from states.access import Operation

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One event in words; `code` is the control code of the text it concerns, `more` the agreement's other party."""

    at: datetime
    text: str
    who: str
    code: str
    more: str


@router.get("/logg", name="events")
@permit(Operation.view_log)
def listed(request: Request, visit: Visit) -> HTMLResponse:
    query = request.query_params
    agreement, kind = _uuid(query.get("overenskommelse", "")), query.get("slag", "")
    with visit.read() as session:
        parties = story.parties(session, visit.actor)
        found = story.entries(session, visit.actor, agreement=agreement, kind=kind, before=_number(query.get("fore", "")))
    shown = found[: story.PAGE]
    return render(
        request,
        "log/events.html",
        lines=[_line(entry, "" if agreement else parties.get(entry.agreement_id or UUID(int=0), "")) for entry in shown],
        name=parties.get(agreement, "") if agreement else "",
        parties=sorted(((str(id_), name) for id_, name in parties.items()), key=lambda one: alphabetical(one[1])),
        kinds=list(KINDS.items()),
        agreement=str(agreement or ""),
        kind=kind,
        older=_older(request, shown[-1].seq) if len(found) > story.PAGE else "",
        where=visit.organisation,
    )


@router.get("/logg/kontroll", name="chain")
@permit(Operation.view_log)
def check(request: Request, visit: Visit) -> HTMLResponse:
    """Recompute the whole chain and say whether it holds, and where it breaks if it does not."""
    with visit.read() as session:
        broken = history.verify(session)
        head = history.newest(session)
    return render(request, "log/verification.html", broken=broken, head=head, at=visit.now, where=visit.organisation)


def _line(entry: story.Entry, party: str) -> Line:
    code = entry.payload.get("control_code", "")
    return Line(entry.at, sentence(entry.kind, entry.payload), entry.actor, code if isinstance(code, str) else "", party)


def _older(request: Request, seq: int) -> str:
    query = {**request.query_params, "fore": str(seq)}
    return f"{Paths(request)('events')}?{urlencode(query)}"


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None
