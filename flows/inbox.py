"""The flow that reads the replies: what stands unread in the mailbox is filed on its agreement or set aside."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial

from prefect import flow

from flows.report import report
from service.settings import load
from service.store.session import Store
from service.sweeps import read_inbox


@flow(name="inbox")
async def inbox() -> None:
    """Take all that has come, by real time even in the demonstration; read twice, a mail is still kept once."""
    settings = load()
    if settings.inbox_configured:
        done = await asyncio.to_thread(read_inbox, Store(settings.database_url), settings, partial(datetime.now, UTC))
        await report("inbox", **asdict(done))
