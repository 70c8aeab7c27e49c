"""The flow of what a date brings about by itself: agreements that expire, and mandates to check after an election."""

import asyncio
from dataclasses import asdict

from prefect import flow

from flows.report import report
from service import clock
from service.settings import load
from service.store.session import Store
from service.sweeps import follow_up


@flow(name="follow-ups")
async def follow_ups() -> None:
    """Do all that the days until now have brought; late, twice or never is harmless."""
    settings = load()
    done = await asyncio.to_thread(follow_up, Store(settings.database_url), clock.now(settings))
    await report("follow-ups", **asdict(done))
