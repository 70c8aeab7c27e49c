"""Every schedule on one page, in the time of Stockholm whatever the machine's own time is."""

from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.deliver import deliver
from flows.follow_ups import follow_ups
from flows.inbox import inbox
from flows.nightly import nightly
from flows.reminders import reminders
from flows.rounds import rounds
from service.settings import Settings

TIMEZONE = "Europe/Stockholm"

WORKDAYS_0730 = "30 7 * * 1-5"
EVERY_DAY_0600 = "0 6 * * *"
EVERY_NIGHT_0230 = "30 2 * * *"
EVERY_MINUTE = "* * * * *"
EVERY_5_MINUTES = "*/5 * * * *"
HOURLY = "5 * * * *"

# A run that finds its twin at work is cancelled, not queued: the twin, or the next tick, does all that is due.
ALONE = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


async def deployments(settings: Settings) -> list[RunnerDeployment]:
    """All schedules; in the demonstration the sweeps run every minute, so that moving its clock shows at once.

    Without a mailbox its schedule rests, declared all the same: the scheduler would keep one that is no longer named.
    """
    return [
        await each.ato_deployment(
            each.name,
            schedule=Cron(when, timezone=TIMEZONE),
            concurrency_limit=ALONE,
            entrypoint_type=EntrypointType.MODULE_PATH,
            paused=not settings.inbox_configured if each is inbox else None,
        )
        for each, when in (
            (reminders, EVERY_MINUTE if settings.demo else WORKDAYS_0730),
            (rounds, EVERY_MINUTE if settings.demo else HOURLY),
            (deliver, EVERY_MINUTE),
            (inbox, EVERY_5_MINUTES),
            (follow_ups, EVERY_DAY_0600),
            (nightly, EVERY_NIGHT_0230),
        )
    ]


CATCH_UP = ("reminders", "rounds", "follow-ups")
"""Run once when the schedules start: what was missed while the machine was off is due now."""
