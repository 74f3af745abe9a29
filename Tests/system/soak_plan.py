"""What a soak does, and what its checker found."""

import collections
import dataclasses

FAULTS = ("duplicates", "lost", "unsettled", "wrong", "stale_writes", "crossed", "strangers")


@dataclasses.dataclass
class Plan:
    seed: int
    submissions: int
    kills: int
    stops: int
    # PostgreSQL stopped at once and started again, and processes of the web killed.
    database_stops: int = 0
    web_kills: int = 0
    # Connections to the database that are ended, one a second.
    terminations: int = 0
    workers: int = 3
    lease_seconds: float = 2
    # How long a new job stays out of AWS's lists: below the portal's bound nothing may ever run twice.
    list_lag_seconds: float = 1
    # Jobs wait in RUNNABLE until the run lets them go on.
    holds: bool = False
    # Without any progress for so long, the run has failed.
    patience_seconds: float = 240


@dataclasses.dataclass
class Report:
    """What the checker found; every list is of submissions that went wrong, and empty when all is well."""

    plan: Plan
    acknowledged: int = 0
    accepted: int = 0
    ambiguous: float = 0
    killed: int = 0
    stopped: int = 0
    others: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    # Of the web's connections, before and after.
    connections: tuple[int, int] = (0, 0)
    seconds: float = 0
    duplicates: list = dataclasses.field(default_factory=list)
    lost: list = dataclasses.field(default_factory=list)
    unsettled: list = dataclasses.field(default_factory=list)
    wrong: list = dataclasses.field(default_factory=list)
    stale_writes: list = dataclasses.field(default_factory=list)
    # Jobs that AWS was given with another submission's code, memory or time limit.
    crossed: list = dataclasses.field(default_factory=list)
    # Answers that were another person's.
    strangers: list = dataclasses.field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not any(self.faults.values())

    @property
    def faults(self) -> dict[str, list]:
        return {name: getattr(self, name) for name in FAULTS}

    def __str__(self):
        lines = [
            f"seed {self.plan.seed}: {self.acknowledged} submissions acknowledged, {self.accepted} jobs accepted by the region, "
            f"{self.ambiguous:.1%} ambiguous answers, {self.killed} kills, {self.stopped} stops, {dict(self.others)}, {self.seconds:.0f} s",
            ", ".join(f"{len(items)} {name.replace('_', ' ')}" for name, items in self.faults.items())]
        return "\n".join(lines + [f"  {name}: {item}" for name, items in self.faults.items() for item in items[:5]])
