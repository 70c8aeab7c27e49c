"""The flow that sends what waits in the outbox: the safety net for what the web process sends at once."""

import asyncio
from datetime import UTC, datetime
from functools import partial

from prefect import flow

from flows.report import report
from service.settings import load
from service.store.session import Store
from service.sweeps import deliver_outbox


@flow(name="deliver")
async def deliver() -> None:
    """Send until nothing waits, by real time even in the demonstration; without a mail server the mail stays in Utkorg."""
    settings = load()
    if settings.mail_configured:
        store = Store(settings.database_url)
        tried = await asyncio.to_thread(deliver_outbox, store, settings, partial(datetime.now, UTC))
        await report("deliver", tried=tried)
