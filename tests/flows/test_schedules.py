"""The page of schedules: each stands there once, and the mailbox's rests where there is none."""

import asyncio
from pathlib import Path

import pytest

from flows.schedules import TIMEZONE, deployments
from service.settings import load

pytestmark = pytest.mark.scheduler


@pytest.mark.parametrize("host", ["", "imap.region.example"])
def test_the_mailbox_is_read_every_five_minutes_where_there_is_one(tmp_path: Path, host: str) -> None:
    settings = load(data_dir=tmp_path, imap_host=host, imap_user="post", imap_password="ett lösenord")
    made = {one.name: one for one in asyncio.run(deployments(settings))}
    assert {name for name, one in made.items() if one.paused} == (set() if host else {"inbox"})
    (schedule,) = list(made["inbox"].schedules or [])
    assert vars(schedule.schedule) | {"cron": "*/5 * * * *", "timezone": TIMEZONE} == vars(schedule.schedule)
