"""The specification's own conformance kit, as it is: in process, and on Temporal with the workflow cache on and off.

Its HTTP scenarios call public hosts; a host map sends them to a stand-in, as `STIGMER_HTTP_HOST_MAP` does in a worker.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from runner_features import Scenario, scenarios
from runner_peer import ApiServer, HttpService
from runner_services import petstore
from runner_testing import SHARED, Stack, shared_data, wait_for_temporal

KIT = [found for folder in ("ctk", "ctk-ows") for found in scenarios(SHARED / "dsl" / folder)]
SCENARIOS = KIT or [pytest.param(None, id="kit")]


def hosts(http: HttpService) -> dict[str, str]:
    return {"https://petstore.swagger.io": http.url, "https://httpbin.org": http.url}


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_the_conformance_kit_s_scenario(scenario: Any, http: HttpService) -> None:
    shared_data("dsl/ctk")
    http.answer = petstore
    run = Scenario(scenario)
    await run.run_in_process(hosts(http))
    run.check()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runs(
    temporal_address: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[tuple[str, int], Scenario]]:
    """All scenarios of the kit, run on Temporal at the same time, by name and size of the workflow cache."""
    api, http, found = ApiServer(), HttpService(), {}
    http.answer = petstore
    await api.start()
    await http.start()
    temporal = await wait_for_temporal(temporal_address)
    for cached in (0, 500):
        home = tmp_path_factory.mktemp(f"cache-{cached}")
        stack = Stack(temporal, api, temporal_address, f"kit-{os.urandom(4).hex()}", home)
        by_id = {str(param.id): Scenario(param.values[0]) for param in KIT}
        async with stack.worker(max_cached_workflows=cached, http_host_map=hosts(http)):
            await asyncio.gather(*(run.run_on_temporal(stack) for run in by_id.values()))
        found.update({(name, cached): run for name, run in by_id.items()})
    yield found
    await http.stop()
    await api.stop()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("cached", [0, 500], ids=["cache off", "cache on"])
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_the_kit_s_scenario_on_temporal(
    scenario: Any, cached: int, runs: dict[tuple[str, int], Scenario], request: pytest.FixtureRequest
) -> None:
    shared_data("dsl/ctk")
    name = next(str(param.id) for param in KIT if param.values[0] is scenario)
    runs[name, cached].check(timed=False)
