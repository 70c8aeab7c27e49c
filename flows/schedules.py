"""Every schedule on one page, in the time of Stockholm whatever the machine's own time is."""

from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.deliver import deliver
from flows.reminders import reminders
from flows.rounds import rounds

TIMEZONE = "Europe/Stockholm"

WORKDAYS_0730 = "30 7 * * 1-5"
EVERY_MINUTE = "* * * * *"
HOURLY = "5 * * * *"

# A run that finds its twin at work is cancelled, not queued: the twin, or the next tick, does all that is due.
ALONE = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


async def deployments(demo: bool) -> list[RunnerDeployment]:
    """All schedules; in the demonstration the sweeps run every minute, so that moving its clock shows at once."""
    return [
        await reminders.ato_deployment(
            "reminders",
            schedule=Cron(EVERY_MINUTE if demo else WORKDAYS_0730, timezone=TIMEZONE),
            concurrency_limit=ALONE,
            entrypoint_type=EntrypointType.MODULE_PATH,
        ),
        await rounds.ato_deployment(
            "rounds",
            schedule=Cron(EVERY_MINUTE if demo else HOURLY, timezone=TIMEZONE),
            concurrency_limit=ALONE,
            entrypoint_type=EntrypointType.MODULE_PATH,
        ),
        await deliver.ato_deployment(
            "deliver",
            schedule=Cron(EVERY_MINUTE, timezone=TIMEZONE),
            concurrency_limit=ALONE,
            entrypoint_type=EntrypointType.MODULE_PATH,
        ),
    ]


CATCH_UP = ("reminders", "rounds")
"""Run once when the schedules start: what was missed while the machine was off is due now."""
