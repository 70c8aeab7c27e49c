"""The business clock: real time, or in the demonstration real time plus the fixed offset kept in its folder."""

from datetime import UTC, datetime, timedelta

from service.settings import Settings

OFFSET_FILE = "clock-offset"


def now(settings: Settings) -> datetime:
    """This moment for deadlines, reminders and history, in UTC; sign-in, codes and the scheduler use real time."""
    return datetime.now(UTC) + (offset(settings) if settings.demo else timedelta())


def offset(settings: Settings) -> timedelta:
    """How far the demonstration's clock is from the real one; nothing until it has been set."""
    try:
        return timedelta(seconds=int((settings.data_dir / OFFSET_FILE).read_text()))
    except FileNotFoundError:
        return timedelta()


def start_at(settings: Settings, moment: datetime) -> None:
    """Let the demonstration's clock show `moment` now and run on from there; a clock once set is left alone."""
    path = settings.data_dir / OFFSET_FILE
    if not path.exists():
        path.write_text(str(int((moment - datetime.now(UTC)).total_seconds())))
