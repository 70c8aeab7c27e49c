"""The flow that takes every round of dialogue one step further: closing of answers, tasks, the next of a series."""

import asyncio
from dataclasses import asdict

from prefect import flow

from flows.report import report
from service import clock
from service.settings import load
from service.store.session import Store
from service.sweeps import sweep_rounds


@flow(name="rounds")
async def rounds() -> None:
    """Do all that is due now; late, twice or never is harmless."""
    settings = load()
    store = Store(settings.database_url)
    done = await asyncio.to_thread(sweep_rounds, store, clock.now(settings))
    await report("rounds", **asdict(done))
