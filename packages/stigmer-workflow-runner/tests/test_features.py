"""Our own feature files, in the kit's form, for what the kit does not cover: each as it is and continued as new.

Those that are about Temporal itself run there: one runner after the other, and nothing secret in the history.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from runner_features import Scenario, scenarios
from runner_peer import HttpService

FEATURES = Path(__file__).parent / "features"
ALL = scenarios(FEATURES)
IN_PROCESS = [found for found in ALL if not found.values[0]["temporal"]]
ON_TEMPORAL = [found for found in ALL if found.values[0]["temporal"]]


@pytest.mark.parametrize("every", [0, 2, 5], ids=["straight", "every-2", "every-5"])
@pytest.mark.parametrize("scenario", IN_PROCESS)
async def test_a_scenario_of_our_own(scenario: Any, every: int, http: HttpService) -> None:
    run = Scenario(scenario, http.url)
    http.answer = run.answer
    await run.run_in_process(drain_every=every)
    run.check()


@pytest.mark.parametrize("scenario", ON_TEMPORAL)
async def test_a_scenario_of_our_own_on_temporal(scenario: Any, stack: Any, http: HttpService) -> None:
    run = Scenario(scenario, http.url)
    http.answer = run.answer
    await run.run_durably(stack)
    run.check(timed=False)


def test_there_is_a_feature_for_each_part_that_the_kit_leaves_out() -> None:
    assert {path.stem for path in FEATURES.glob("*.feature")} >= {
        "auth", "durability", "export", "extension", "flow", "fork", "function", "grpc", "human", "lifecycle", "listen",
        "mcp", "retry", "run", "schedule", "schema", "secret", "timeout", "wait",
    }  # fmt: skip
    assert (len(IN_PROCESS), len(ON_TEMPORAL)) >= (50, 7)
