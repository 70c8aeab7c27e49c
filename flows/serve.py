"""The process that runs the flows: waits for the scheduler's server, declares the schedules, catches up, and works."""

import asyncio
import os
import signal
from datetime import timedelta

from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.runner import Runner

from flows.environment import ORPHANED
from flows.schedules import CATCH_UP, deployments
from service.log import configure
from service.settings import Settings, load

PATIENCE = 120
"""Seconds the server may take to its first answer; a first boot was measured to 16 on two idle cores."""

ZOMBIES = "Crash runs whose process is gone"
_LIVE = {"prefect.flow-run.heartbeat"}
_ENDED = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}


async def serve(settings: Settings) -> None:
    """Work until SIGTERM. The schedules are left running at the end: a stop is no reason to pause them."""
    await wait_for_server()
    await watch_for_zombies()
    runner = Runner(name="overens", pause_on_shutdown=False, limit=4)
    for deployment in await deployments(settings):
        known = await runner.aadd_deployment(deployment)
        if deployment.name in CATCH_UP:
            async with get_client() as client:
                await client.create_flow_run_from_deployment(known, name=f"catch-up-{deployment.name}")
    await runner.start()


async def wait_for_server() -> None:
    """Return when the server answers; TimeoutError after PATIENCE."""
    async with asyncio.timeout(PATIENCE), get_client() as client:
        while await client.api_healthcheck() is not None:
            await asyncio.sleep(0.5)


async def watch_for_zombies() -> None:
    """Without this a run whose runner and process were killed stays "Running" for ever, and holds its concurrency slot."""
    async with get_client() as client:
        if await client.read_automations_by_name(ZOMBIES):
            return
    await Automation(
        name=ZOMBIES,
        trigger=EventTrigger(
            after=_LIVE,
            expect=_LIVE | _ENDED,
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=90),
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="No heartbeat for 90 seconds.")],
    ).acreate()


def take_runs_along() -> None:
    """A run is a process of its own in our group; without us and the server it would go on asking for a long time."""
    signal.signal(ORPHANED, lambda *_: os.killpg(0, signal.SIGKILL))


if __name__ == "__main__":
    take_runs_along()
    chosen = load()
    configure(chosen.log_level)
    asyncio.run(serve(chosen))
