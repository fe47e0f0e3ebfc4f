"""Environments: secrets go in, and come out at one place only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server_testing import call, resource

from stigmer_api.errors import InvalidArgument, NotFound

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient

_SPEC = {"data": {"TOKEN": {"value": "s3cret", "is_secret": True}, "COLOR": {"value": "red"}}}


async def _secret(client: AsyncClient, environment_id: str, key: str = "TOKEN") -> str:
    answer = await call(client, "environment", "getSecretValue", environment_id=environment_id, key=key)
    return str(answer.value)


async def test_a_secret_is_read_back_by_its_own_method_only(client: AsyncClient) -> None:
    created = await client.call("environment", "create", resource("environment", "prod", _SPEC))
    environment_id = created.metadata.id
    answers = [
        created,
        await client.call("environment", "apply", resource("environment", "prod", _SPEC)),
        await call(client, "environment", "get", value=environment_id),
        await call(client, "environment", "getByReference", slug="prod"),
        *(await call(client, "environment", "list", org="local")).items,
        await call(client, "stigmer.runtime.v1.ResourceService", "List", kinds=["environment"]),
        await call(client, "environment", "updateVisibility", resource_id=environment_id, visibility=2),
    ]
    for answer in answers:
        assert b"s3cret" not in answer.SerializeToString()
    assert created.spec.data["TOKEN"].is_secret
    assert created.spec.data["COLOR"].value == "red"
    assert await _secret(client, environment_id) == "s3cret"
    deleted = await call(client, "environment", "delete", resource_id=environment_id)
    assert b"s3cret" not in deleted.SerializeToString()


async def test_applying_what_was_read_keeps_the_secret_and_writes_nothing(client: AsyncClient) -> None:
    created = await client.call("environment", "create", resource("environment", "prod", _SPEC))
    assert await client.call("environment", "apply", created) == created
    created.spec.description = "changed"
    created.metadata.revision = 0
    await client.call("environment", "update", created)
    assert await _secret(client, created.metadata.id) == "s3cret"


async def test_variables_are_set_and_removed_one_by_one(client: AsyncClient) -> None:
    created = await client.call("environment", "create", resource("environment", "prod", _SPEC))
    environment_id = created.metadata.id
    changed = await call(
        client, "environment", "updateVariables", environment_id=environment_id, variables={"SIZE": {"value": "9"}}
    )
    assert set(changed.spec.data) == {"TOKEN", "COLOR", "SIZE"}
    removed = await call(
        client, "environment", "removeVariables", environment_id=environment_id, keys=["COLOR", "NEVER"]
    )
    assert set(removed.spec.data) == {"TOKEN", "SIZE"}
    assert await _secret(client, environment_id) == "s3cret"
    with pytest.raises(InvalidArgument):
        await call(client, "environment", "updateVariables", environment_id=environment_id, variables={"": {}})


async def test_a_missing_variable_comes_with_near_matches(client: AsyncClient) -> None:
    created = await client.call("environment", "create", resource("environment", "prod", _SPEC))
    with pytest.raises(NotFound) as refused:
        await _secret(client, created.metadata.id, "TOKE")
    assert refused.value.metadata["suggestions"] == "TOKEN"
