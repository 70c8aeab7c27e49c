"""Puts the house together: settings, store, pages and API behind one skin."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from service.api.contract import misread, problem
from service.api.router import api
from service.edge import Edge
from service.pages import (
    about,
    agreement_steps,
    answers,
    contacts,
    deciding,
    declination,
    dialogue,
    dialogue_outcome,
    dialogue_plan,
    dialogue_trace,
    dialogues,
    files,
    letters,
    log,
    messages,
    municipality,
    negotiation,
    overview,
    own_contacts,
    programmes,
    proposals,
    public,
    received,
    reminder_settings,
    sending,
    settings,
    sign_in,
    signatories,
    signatures,
    signing,
    today,
    unsubscribing,
)
from service.pages.navigation import framed
from service.pages.problems import problem_page
from service.pages.rendering import mount_static
from service.schedules import SchedulerAway, Schedules
from service.settings import Settings, load
from service.store.schema import behind
from service.store.session import Store
from service.web import House, house, permit
from states.access import Operation
from states.errors import Invalid, NotFound, OverensError, StoreUnavailable

PAGES: tuple[APIRouter, ...] = (
    sign_in.router,
    unsubscribing.router,
    today.router,
    programmes.router,
    proposals.router,
    overview.router,
    contacts.router,
    messages.router,
    received.router,
    dialogues.router,
    dialogue_trace.router,
    dialogue_plan.router,
    dialogue_outcome.router,
    dialogue.router,
    settings.router,
    reminder_settings.router,
    letters.router,
    log.router,
    negotiation.router,
    answers.router,
    sending.router,
    agreement_steps.router,
    municipality.router,
    declination.router,
    own_contacts.router,
    signing.router,
    deciding.router,
    signatories.router,
    signatures.router,
    files.router,
    public.router,
    about.router,
)

health = APIRouter(prefix="/health", include_in_schema=False)


@health.get("/live")
@permit(Operation.public)
def live() -> dict[str, str]:
    return {"status": "ok"}


@health.get("/ready")
@permit(Operation.public)
def ready(request: Request) -> Response:
    """503 names the part that fails; silent schedules are a warning, for the web works without them."""
    parts: House = request.app.state.house
    for part, holds in (("store", Store.answers), ("migrations", _migrated)):
        try:
            holds(parts.store)
        except OverensError as error:
            return JSONResponse({"status": "failed", "part": part, "detail": error.message}, 503)
    return JSONResponse({"status": "ok", "store": "ok", "schedules": _schedules(parts.settings)})


def _migrated(store: Store) -> None:
    """The pages need every table of this version, and none that only a newer one knows how to keep."""
    if behind(store):
        raise StoreUnavailable("Databasen är inte uppdaterad. Kör overens migrate.")


def create_app(settings: Settings | None = None, store: Store | None = None) -> FastAPI:
    """The web application; uvicorn calls it without arguments and the settings come from the environment."""
    chosen = settings or load()
    app = FastAPI(title="Överens", openapi_url=None, docs_url=None, redoc_url=None, lifespan=_life)
    app.state.house = house(chosen, store)
    mount_static(app)
    for router in (health, api):
        app.include_router(router)
    for router in PAGES:
        app.include_router(router, dependencies=[Depends(framed)])
    app.add_exception_handler(OverensError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _missing)
    app.add_exception_handler(OperationalError, _unsaved)
    # Answers hold no secret beside what was typed (no token against foreign forms), so their length tells nothing.
    app.add_middleware(GZipMiddleware, compresslevel=6)
    app.add_middleware(Edge, settings=chosen, refuse=_refused)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    parts: House = app.state.house
    parts.courier.start()
    gc.freeze()  # what is loaded by now stays; looking it through again would hold up everybody for a tenth of a second
    yield
    parts.courier.stop()
    parts.store.close()


def _schedules(settings: Settings) -> str:
    try:
        with Schedules(settings) as schedules:
            return "ok" if schedules.healthy() else "silent"
    except SchedulerAway:
        return "silent"


def _refused(request: Request, error: Exception, status: int | None = None) -> Response:
    """The same refusal, as problem+json behind the JSON door and as a page behind the other."""
    known = error if isinstance(error, OverensError) else OverensError()
    if request.url.path.startswith("/api/"):
        return problem(request, known, status)
    page = problem_page(request, known)
    page.status_code = status or page.status_code
    return page


def _malformed(request: Request, error: Exception) -> Response:
    """A path that cannot be one of ours is the same 404 as any other; elsewhere only place and kind are said, never the input."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    return _refused(request, *misread(faults, request.headers.get("content-type", "")))


def _missing(request: Request, error: Exception) -> Response:
    """What the framework refuses: no such address, no such method, a body it cannot read."""
    if not isinstance(error, HTTPException) or error.status_code == 404:
        return _refused(request, NotFound())
    by_hand = error.status_code == 405 and not request.url.path.startswith("/api/")  # a form's address, opened as a page
    response = _refused(request, NotFound() if by_hand else Invalid(), error.status_code)
    response.headers.update(error.headers or {})
    return response


def _unsaved(request: Request, _: Exception) -> Response:
    return _refused(request, StoreUnavailable())
