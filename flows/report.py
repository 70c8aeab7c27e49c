"""What a run leaves behind for people to read: counts, never names."""

from prefect.artifacts import acreate_markdown_artifact


async def report(run: str, **counts: int) -> None:
    """Put the counts of this run on its page in the scheduler."""
    await acreate_markdown_artifact(key=run, markdown="\n".join(f"- {name}: {count}" for name, count in counts.items()))
