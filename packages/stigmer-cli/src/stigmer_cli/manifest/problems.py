"""What is wrong in manifests: collected from all files first, raised together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from stigmer_cli.errors import UsageError


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. source: file name or "-"; line: from 1; path: of the field, empty for the document itself."""

    source: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}: "
        return place + (f"{self.path}: {self.message}" if self.path else self.message)


class ManifestError(UsageError):
    """Manifests that cannot be applied, with every problem found in them."""

    code = "manifest"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = f"{len(self.problems)} problems" if len(self.problems) > 1 else "a problem"
        super().__init__(
            f"{count} in the manifests; nothing was applied",
            hint="correct the lines above and run the same command again",
            details=[str(item) for item in self.problems],
        )


@dataclass(slots=True)
class Problems:
    """Collects the problems of one document."""

    source: str
    found: list[Problem] = field(default_factory=list)

    def add(self, line: int, path: str, message: str) -> None:
        """Note a problem. line: from 1."""
        self.found.append(Problem(self.source, line, path, message))
