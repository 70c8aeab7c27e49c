"""The flow of the night: look for what cannot be, save and try the backup, clean up, and tell what is stuck."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime

from prefect import flow

from flows.report import report
from service import clock, sweeps
from service.settings import load
from service.store.session import Store

WATCHED = ("reminders", "deliver", "follow-ups")
"""The schedules that must have a coming run while this one runs."""


@flow(name="nightly")
async def nightly() -> None:
    """All of it, every night; a night that is missed is made up for when the scheduler is back."""
    settings = load()
    silent = await asyncio.to_thread(sweeps.silent_schedules, settings, WATCHED)
    store, now = Store(settings.database_url), clock.now(settings)
    done = await asyncio.to_thread(sweeps.nightly, store, settings, now, datetime.now(UTC), silent)
    await report("nightly", **asdict(done))
