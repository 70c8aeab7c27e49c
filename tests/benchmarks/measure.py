"""Ours beside a floor in the same run, turn by turn; medians and their ratio, never an absolute promise."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `most` is the goal for the ratio ours : floor, or for our seconds where there is no floor."""

    what: str
    size: str
    ours: float
    floor: float | None
    most: float

    def __str__(self) -> str:
        reached = self.ours / self.floor if self.floor else self.ours
        floor = f"{self.floor * 1000:10.2f} ms" if self.floor else " " * 13
        unit = "×" if self.floor else "s"
        verdict = "reached" if reached <= self.most else "MISSED"
        head = f"{self.what:<34}{self.size:<28}{self.ours * 1000:10.2f} ms{floor}"
        return f"{head}{reached:8.2f} {unit}   goal ≤ {self.most:g} {unit}   {verdict}"


def side_by_side(
    ours: Callable[[], None], floor: Callable[[], None], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, float]:
    """Medians of both, taken in turn so that a busy moment hits both alike."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for verb, times in zip((ours, floor), taken, strict=True):
            began = clock()
            verb()
            times.append(clock() - began)
    return median(taken[0]), median(taken[1])
