"""Our own feature files, in the kit's form, for what the kit does not cover: each as it is and continued as new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from runner_features import Scenario, scenarios
from runner_peer import HttpService

FEATURES = Path(__file__).parent / "features"


@pytest.mark.parametrize("every", [0, 2, 5], ids=["straight", "every-2", "every-5"])
@pytest.mark.parametrize("scenario", scenarios(FEATURES))
async def test_a_scenario_of_our_own(scenario: Any, every: int, http: HttpService) -> None:
    run = Scenario(scenario, http.url)
    http.answer = run.answer
    await run.run_in_process(drain_every=every)
    run.check()


def test_there_are_features() -> None:
    assert len(scenarios(FEATURES)) >= 15
