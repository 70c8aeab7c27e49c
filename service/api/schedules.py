"""The schedules: the last run of each in words, the next time, and "run now"."""

from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from service.api.contract import Shown, made, once
from service.api.listing import Asked, Page
from service.api.route import Route
from service.schedules import RESULTS, Schedules, Standing, planned, standing
from service.settings import Settings
from service.web import Visit, permit
from states.access import Operation
from states.errors import NotFound

router = APIRouter(tags=["schedules"], route_class=Route)


class ScheduleShown(Shown):
    """One schedule; `last_state` is the scheduler's word for how its last run ended, `last_result` ours."""

    name: str
    title: str
    last_run_at: datetime | None
    last_state: str
    last_result: str
    next_run_at: datetime | None


class Ordered(Shown):
    """A run that the scheduler has been asked for; what it does is decided by what is due."""

    name: str


@router.get("/schedules")
@permit(Operation.view_settings)
def list_schedules(visit: Visit, cut: Asked) -> Page[ScheduleShown]:
    """Every schedule that has something to do; 503 when the scheduler does not answer, and nothing is lost by that."""
    return cut.whole([_shown(one) for one in standing(visit.settings)])


@router.get("/schedules/{schedule}")
@permit(Operation.view_settings)
def get_schedule(visit: Visit, schedule: str) -> ScheduleShown:
    _known(visit.settings, schedule)
    return next(_shown(one) for one in standing(visit.settings) if one.name == schedule)


@router.post("/schedules/{schedule}/runs", response_model=Ordered, status_code=202)
@permit(Operation.run_schedules)
def run_now(visit: Visit, schedule: str) -> Response:
    """Run it once, now; a run that finds its twin at work gives way."""
    _known(visit.settings, schedule)

    def act(_session: Session) -> Response:
        with Schedules(visit.settings) as line:
            line.run_now(schedule)
        return made(Ordered(name=schedule), 202)

    return once(visit, None, act, required=False)


def _known(settings: Settings, schedule: str) -> None:
    if schedule not in planned(settings):
        raise NotFound


def _shown(one: Standing) -> ScheduleShown:
    last = one.last
    return ScheduleShown(
        name=one.name,
        title=one.title,
        last_run_at=last.over if last else None,
        last_state=last.state if last else "",
        last_result=RESULTS.get(last.state, last.state) if last else "",
        next_run_at=one.next.expected if one.next else None,
    )
