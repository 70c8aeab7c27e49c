"""The flow that plans and queues every reminder that is due."""

import asyncio
from dataclasses import asdict

from prefect import flow

from flows.report import report
from service import clock
from service.settings import load
from service.store.session import Store
from service.sweeps import sweep_reminders


@flow(name="reminders")
async def reminders() -> None:
    """Do all that is due now; late, twice or never is harmless. In a thread, so that the heartbeat goes on."""
    settings = load()
    store = Store(settings.database_url)
    done = await asyncio.to_thread(sweep_reminders, store, clock.now(settings))
    await report("reminders", **asdict(done))
