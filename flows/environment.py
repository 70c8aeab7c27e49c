"""What the scheduler's processes are told by their parent; no prefect here, so that the parent stays small."""

import signal

from service.settings import Settings

ORPHANED = signal.SIGUSR1
"""What the runner hears when its parent was killed: it ends, with every run in progress. Unheard it ends the runner alone."""


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Every variable of Prefect that we set, with the measured reason where it is not plain."""
    home = settings.data_dir / "prefect"
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_API_URL": settings.scheduler_url,
        "PREFECT_SERVER_API_HOST": settings.prefect_host,
        "PREFECT_SERVER_API_PORT": str(settings.prefect_port),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        # its server has no authentication by default
        "PREFECT_SERVER_API_AUTH_STRING": settings.scheduler_auth,
        "PREFECT_API_AUTH_STRING": settings.scheduler_auth,
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{settings.prefect_port}",
        # the ephemeral mode takes 13-19 s and locks
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        # both are needed to keep it from calling home
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        # what the automation against zombies listens to
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "P30D",
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P30D",
        "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "2",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    }
