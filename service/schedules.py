"""The scheduler as the rest of the product sees it: last and next runs and "run now", over its HTTP API."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx

from service.settings import Settings
from states.errors import NotFound, OverensError
from states.said import _

_BUSY_TRIES = 6
"""Its server answers 503 while another of its own writes holds its database, and wants to be asked again."""


class SchedulerAway(OverensError):
    """Schemat svarar inte. Webbplatsen fungerar ändå, och inget som ska göras går förlorat."""

    code = "scheduler-away"


NAMES: Mapping[str, str] = {
    "reminders": _("Påminnelser"),
    "deliver": _("Utskick av mejl"),
    "inbox": _("Läsning av svar på mejl"),
    "rounds": _("Dialogomgångar"),
    "follow-ups": _("Uppföljning av datum"),
    "nightly": _("Nattlig kontroll och säkerhetskopia"),
}
"""Every schedule a person can start, by the name it has in the scheduler."""

RESULTS: Mapping[str, str] = {
    "COMPLETED": _("Gick bra"),
    "FAILED": _("Misslyckades"),
    "CRASHED": _("Avbröts"),
    "CANCELLED": _("Hoppades över, en annan körning pågick"),
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a schedule: which, in what state (the scheduler's word), when it should and did start and end."""

    schedule: str
    state: str
    expected: datetime | None
    started: datetime | None
    ended: datetime | None

    @property
    def over(self) -> datetime | None:
        """When it ended, as far as that is known."""
        return self.ended or self.started or self.expected


@dataclass(frozen=True, slots=True)
class Standing:
    """One schedule with its last run and its next."""

    name: str
    title: str
    last: Run | None
    next: Run | None


def planned(settings: Settings) -> dict[str, str]:
    """The schedules that have something to do, with their names in words: without a mailbox nobody reads one."""
    return {name: title for name, title in NAMES.items() if name != "inbox" or settings.inbox_configured}


def standing(settings: Settings) -> list[Standing]:
    """Every schedule that has something to do; raises SchedulerAway."""
    with Schedules(settings) as line:
        coming, past = line.coming(200), line.past(200)
    return [
        Standing(
            name,
            title,
            next((run for run in past if run.schedule == name), None),
            next((run for run in coming if run.schedule == name and run.expected), None),
        )
        for name, title in planned(settings).items()
    ]


class Schedules:
    """A line to the scheduler; use it in a `with`. Every call raises SchedulerAway when it does not answer."""

    def __init__(self, settings: Settings) -> None:
        user, _, password = settings.scheduler_auth.partition(":")
        secure = settings.scheduler_url.startswith("https:")  # reading all certificates for nothing costs 50 ms
        self._client = httpx.Client(base_url=settings.scheduler_url, auth=(user, password), timeout=5, verify=secure)
        self._csrf: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def healthy(self) -> bool:
        """Whether the scheduler's server answers; this alone says nothing about runs being made."""
        try:
            return self._client.get("/health").is_success
        except httpx.HTTPError:
            return False

    def coming(self, limit: int = 20) -> list[Run]:
        """The canary: runs that really stand as rows waiting for their time, next first. None at all means a silent scheduler."""
        return self._runs({"any_": ["SCHEDULED"]}, "EXPECTED_START_TIME_ASC", limit)

    def past(self, limit: int = 20) -> list[Run]:
        """Runs that ended, the latest first."""
        return self._runs({"any_": ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]}, "EXPECTED_START_TIME_DESC", limit)

    def run_now(self, name: str) -> None:
        """Ask for one run at once; NotFound when there is no schedule of that name."""
        with _away():
            found = self._client.get(f"/deployments/name/{name}/{name}")
            if found.status_code == 404:
                raise NotFound
            found.raise_for_status()
            self._post(f"/deployments/{found.json()['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})

    def _runs(self, kinds: dict[str, list[str]], sort: str, limit: int) -> list[Run]:
        wanted = {"flow_runs": {"state": {"type": kinds}, "deployment_id": {"is_null_": False}}, "sort": sort, "limit": limit}
        with _away():
            names = {row["id"]: row["name"] for row in self._post("/deployments/filter", {}).json()}
            rows = self._post("/flow_runs/filter", wanted).json()
        return [_run(row, names.get(row["deployment_id"], "")) for row in rows]

    def _post(self, path: str, body: object) -> httpx.Response:
        if not self._csrf:
            client = str(uuid4())
            token = self._client.get("/csrf-token", params={"client": client}).raise_for_status().json()["token"]
            self._csrf = {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": client}
        for _try in range(_BUSY_TRIES):
            answer = self._client.post(path, json=body, headers=self._csrf)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(0.5)
        return answer.raise_for_status()


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise SchedulerAway from error


def _run(row: dict[str, str | None], name: str) -> Run:
    expected, started, ended = (_moment(row.get(key)) for key in ("expected_start_time", "start_time", "end_time"))
    return Run(name, str(row["state_type"]), expected, started, ended)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
