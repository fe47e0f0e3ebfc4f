"""A random user against a dictionary: resources, pages, search, executions, streams, and a kill at the end.

CI takes the same course each time; `nox -s prove` takes another, longer one (STIGMER_MODEL_SEED, STIGMER_MODEL_STEPS).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from model_driver import Driver
from model_machine import ResourceMachine, picks
from model_streams import StreamRules
from proof_servers import running_postgres, running_server
from server_testing import request

from stigmer_api.kinds import kind_by_name
from stigmer_api.methods import RESOURCE_SERVICE, SEARCH_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SEED = int(os.environ.get("STIGMER_MODEL_SEED", "1"))
_STEPS = int(os.environ.get("STIGMER_MODEL_STEPS", "2000"))
_EXAMPLES_AT_ONCE = 20
_LONGEST_EXAMPLE = 60


class ModelMachine(StreamRules, ResourceMachine):
    """Commands, streams, and the reads below."""

    @rule(pick=picks)
    def get(self, pick: int) -> None:
        known = list(self.stored.values())[pick % len(self.stored)]
        key = kind_by_name(known.kind).key
        assert self.driver.send(key, "get", self.id_request(key, "get", known.metadata.id)) == known

    @rule(pick=picks)
    def get_by_reference(self, pick: int) -> None:
        found = self.of("agent", "environment", "agent_instance", "workflow")
        known = found[pick % len(found)]
        key = kind_by_name(known.kind).key
        reference = {"slug": known.metadata.slug, "org": self.org}
        assert self.driver.call(key, "getByReference", **reference) == known
        missing = request(key, "getByReference", slug=f"{known.metadata.slug}-not", org=self.org)
        assert self.driver.code(key, "getByReference", missing) == "NOT_FOUND"

    @rule(size=st.integers(1, 5), team=st.sampled_from(["", "a", "b"]), newest_first=st.booleans())
    def list_across_kinds(self, size: int, team: str, newest_first: bool) -> None:
        """Every page of a list by token, each resource once."""
        labelled = {"team": team} if team else {}
        expected = [item for item in self.stored.values() if not team or item.metadata.labels.get("team") == team]
        found: list[Any] = []
        token = ""
        while True:
            fields = {"org": self.org, "labels": labelled, "page_size": size, "newest_first": newest_first}
            page = self.driver.call(RESOURCE_SERVICE, "List", page_token=token, **fields)
            assert page.revision >= self.newest
            found += [_unpacked(item) for item in page.items]
            token = page.next_page_token
            assert bool(token) == (len(found) < len(expected))
            if not token:
                break
        assert {item.metadata.id: item for item in found} == {item.metadata.id: item for item in expected}
        assert len(found) == len(expected)
        times = [item.status.audit.spec_audit.created_at.ToNanoseconds() for item in found]
        assert times == sorted(times, reverse=newest_first)

    @rule(size=st.integers(1, 4))
    def list_numbered(self, size: int) -> None:
        """Every page of a list by number, oldest first."""
        expected = self.of("environment")
        found: list[Any] = []
        for number in range(1, len(expected) // size + 2):
            page = self.driver.call("environment", "list", org=self.org, page_info={"num": number, "size": size})
            assert page.total_count == len(expected)
            found += page.items
        assert found == expected

    @rule(word=st.sampled_from(["alpha", "beta", "first", "words", "nothing"]))
    def search(self, word: str) -> None:
        """Name, slug and description are searched."""
        searched = self.of("agent", "environment", "agent_instance", "mcp_server", "workflow", "workflow_instance")
        expected = {item.metadata.id for item in searched if word in _text(item)}
        answer = self.driver.call(SEARCH_SERVICE, "search", org=self.org, query=word, page={"num": 1, "size": 1000})
        assert {entry.id for entry in answer.entries} == expected
        assert answer.total_count == len(expected)


def _text(item: Any) -> str:
    return f"{item.metadata.name} {item.metadata.slug} {item.spec.description}".casefold()


def _unpacked(item: Any) -> Any:
    message = kind_by_name(item.type_url.rpartition(".")[2]).message()
    assert item.Unpack(message)
    return message


@pytest.fixture(params=["sqlite", "postgres"])
def driver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Driver]:
    """A server process on each database; nothing but the test makes it write."""
    with running_server(tmp_path / "home", _database(request), STIGMER_RECONCILE_SECONDS="3600") as server:
        driver = Driver(server)
        yield driver
        driver.close()


def _database(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgres" else ""


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """An empty Postgres database."""
    with running_postgres() as url:
        yield url


def _run(machine: type[ResourceMachine]) -> None:
    configured = settings(
        max_examples=_EXAMPLES_AT_ONCE,
        stateful_step_count=_LONGEST_EXAMPLE,
        database=None,
        deadline=None,
        phases=(Phase.generate,),  # to shrink would mean to wait for what never comes, again and again
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    number = _SEED
    while machine.driver.steps < _STEPS:
        run_state_machine_as_test(seed(number)(machine), settings=configured)
        number += 1


@pytest.mark.timeout(3600)
def test_the_server_does_what_a_dictionary_does_and_keeps_it_when_it_is_killed(driver: Driver) -> None:
    ModelMachine.driver = driver
    _run(ModelMachine)
    assert not driver.server.logged("unexpected failure")
    driver.server.kill()
    driver.close()
    driver.server.start()
    driver.connect()
    found: dict[str, Any] = {}
    token = ""
    while True:
        page = driver.call(RESOURCE_SERVICE, "List", page_size=1000, page_token=token)
        for item in map(_unpacked, page.items):
            found[item.metadata.id] = item
        token = page.next_page_token
        if not token:
            break
    assert found == driver.expected
    assert driver.server.stop() == 0
