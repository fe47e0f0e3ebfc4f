"""The kind table and the descriptors say the same."""

from __future__ import annotations

import pytest

from stigmer_api.kinds import API_VERSION, KINDS, Kind, kind_by_alias, kind_of_id
from stigmer_api.messages import message_class
from stigmer_api.methods import method, service_methods, services


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_every_kind_has_a_resource_message_and_both_services(kind: Kind) -> None:
    fields = set(kind.message.DESCRIPTOR.fields_by_name)
    assert {"api_version", "kind", "metadata", "spec", "status"} <= fields
    assert service_methods(kind.command_service)
    assert service_methods(kind.query_service)


def test_every_service_of_a_resource_package_belongs_to_a_kind() -> None:
    owned = {name for kind in KINDS for name in (kind.command_service, kind.query_service)}
    others = {name for name in services() if name not in owned}
    assert others == {
        "ai.stigmer.agentic.workflow.v1.TaskKindRegistryQueryController",
        "ai.stigmer.search.v1.SearchService",
        "stigmer.runtime.v1.EventService",
        "stigmer.runtime.v1.McpDiscoveryService",
        "stigmer.runtime.v1.ResourceService",
        "stigmer.runtime.v1.ServerService",
    }


def test_numbers_and_keys_agree_with_the_wire_enum() -> None:
    from stigmer_api._pb.ai.stigmer.commons.apiresource.apiresourcekind import kind_pb2

    numbers = dict(kind_pb2.ApiResourceKind.items())
    assert {kind.key: kind.number for kind in KINDS} == {kind.key: numbers[kind.key] for kind in KINDS}


def test_ids_prefixes_and_command_line_words_are_unique() -> None:
    words = [word for kind in KINDS for word in kind.names]
    assert len(words) == len(set(words))
    assert len({kind.id_prefix for kind in KINDS}) == len(KINDS)


def test_a_command_line_word_names_its_kind_in_any_case() -> None:
    assert kind_by_alias("Agents").name == "Agent"
    assert kind_by_alias("wf").name == "Workflow"


def test_an_id_names_its_kind_by_prefix() -> None:
    found = kind_of_id("wex-01kewqjbtdy0w4d14bnhhy4yc2")
    assert found is not None
    assert found.name == "WorkflowExecution"
    assert kind_of_id("nothing") is None


def test_methods_are_found_by_kind_and_verb_or_by_service() -> None:
    assert method("agent", "get").path == "/ai.stigmer.agentic.agent.v1.AgentQueryController/get"
    assert method("workflow_execution", "subscribe").server_streaming
    assert method("stigmer.runtime.v1.ServerService", "GetInfo").name == "GetInfo"


@pytest.mark.parametrize(("target", "verb"), [("agent", "fly"), ("plane", "get"), ("ai.stigmer.nope.v1.Nope", "get")])
def test_an_unknown_method_is_a_lookup_error(target: str, verb: str) -> None:
    with pytest.raises(LookupError):
        method(target, verb)


def test_an_unknown_message_is_a_lookup_error() -> None:
    with pytest.raises(LookupError):
        message_class("ai.stigmer.agentic.agent.v1.Nothing")


def test_the_api_version_is_the_one_that_the_rules_demand() -> None:
    assert API_VERSION == "agentic.stigmer.ai/v1"
