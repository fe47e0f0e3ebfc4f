"""All kinds through the generic commands: the table of kinds is the table of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from server_testing import AGENT_SPEC, SOURCE, call, make_agent, make_workflow, resource

from stigmer_api.errors import NotFound
from stigmer_api.kinds import KINDS, Kind
from stigmer_api.methods import method
from stigmer_server.resources.unit import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable

    from stigmer_api.client import AsyncClient
    from stigmer_server.app import App

_UNFINISHED = {"agent_execution", "workflow_execution"}
_WITHOUT_CREATE = {"skill", "artifact"}  # made by push and by upload


async def _spec(client: AsyncClient, kind: Kind) -> dict[str, Any]:
    """A valid spec; what it refers to is stored first."""
    if kind.key in {"workflow_execution", "workflow_instance"}:
        return {"workflow_id": (await make_workflow(client, "owner")).metadata.id}
    if kind.key in _AGENT_SPECS:
        return _AGENT_SPECS[kind.key](await make_agent(client, "owner"))
    return _SPECS[kind.key]


_AGENT_SPECS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "agent_execution": lambda agent: {"agent_id": agent.metadata.id, "message": "hello"},
    "agent_instance": lambda agent: {"agent_id": agent.metadata.id},
    "session": lambda agent: {"agent_instance_id": agent.status.default_instance_id},
    "schedule": lambda agent: {
        "cron": "0 9 * * *",
        "time_zone": "Europe/Berlin",
        "enabled": True,
        "agent": {"agent_ref": {"slug": agent.metadata.slug}, "message": "hello"},
    },
}
_SPECS: dict[str, dict[str, Any]] = {
    "agent": AGENT_SPEC,
    "workflow": {"source": SOURCE},
    "mcp_server": {"stdio": {"command": "true"}},
    "environment": {"data": {"COLOR": {"value": "red"}}},
    "execution_context": {"execution_id": "wex-1", "data": {"COLOR": {"value": "red"}}},
    "memory": {"content": "likes tea"},
    "skill": {"name": "greet", "skill_md": "# Greet"},
    "artifact": {
        "content_type": "text/plain",
        "display_name": "notes",
        "source": {"agent_execution_id": "aex-1"},
    },
}


async def _store(app: App, client: AsyncClient, kind: Kind) -> Any:
    """One stored resource of the kind, by its create method or, where it has none yet, as that method will do it."""
    message = resource(kind.key, "sample-one", await _spec(client, kind), labels={"team": "a"})
    if kind.key not in _WITHOUT_CREATE:
        return await client.call(kind, "create", message)

    def work(unit: UnitOfWork) -> Any:
        return unit.create(kind, type(message).FromString(message.SerializeToString()))

    return await app.controller.run(work)


def _id_request(kind: Kind, verb: str, resource_id: str) -> Any:
    message = method(kind, verb).request()
    name = "value" if "value" in message.DESCRIPTOR.fields_by_name else "resource_id"
    setattr(message, name, resource_id)
    return message


def _has(kind: Kind, verb: str) -> bool:
    try:
        method(kind, verb)
    except LookupError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
async def test_a_stored_resource_has_identity_and_audit_and_is_read_back_as_it_was_answered(
    app: App, client: AsyncClient, kind: Kind
) -> None:
    stored = await _store(app, client, kind)
    metadata = stored.metadata
    assert metadata.id.startswith(f"{kind.id_prefix}-")
    assert metadata.org == "local"
    assert metadata.revision > 0
    audit = stored.status.audit.spec_audit
    assert audit.event == "created"
    assert audit.created_at == audit.updated_at
    assert await client.call(kind, "get", _id_request(kind, "get", metadata.id)) == stored
    if _has(kind, "getByReference"):
        found = await call(client, kind.key, "getByReference", slug=metadata.slug, kind=kind.number)
        assert found == stored


@pytest.mark.parametrize("kind", [kind for kind in KINDS if _has(kind, "update")], ids=lambda kind: kind.key)
async def test_an_update_keeps_identity_and_status_and_moves_revision_and_audit(
    app: App, client: AsyncClient, kind: Kind
) -> None:
    stored = await _store(app, client, kind)
    changed = type(stored).FromString(stored.SerializeToString())
    changed.metadata.labels["team"] = "b"
    changed.metadata.slug = "something-else"
    changed.metadata.org = "elsewhere"
    changed.status.Clear()
    updated = await client.call(kind, "update", changed)
    assert (updated.metadata.id, updated.metadata.slug, updated.metadata.org) == (
        stored.metadata.id,
        stored.metadata.slug,
        "local",
    )
    assert updated.metadata.labels["team"] == "b"
    assert updated.metadata.revision > stored.metadata.revision
    old, new = stored.status.audit.spec_audit, updated.status.audit.spec_audit
    assert new.created_at == old.created_at
    assert new.updated_at.ToNanoseconds() > old.updated_at.ToNanoseconds()
    assert new.event == "updated"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if _has(kind, "apply")], ids=lambda kind: kind.key)
async def test_applying_what_is_stored_writes_nothing(app: App, client: AsyncClient, kind: Kind) -> None:
    message = resource(kind.key, "sample-one", await _spec(client, kind), labels={"team": "a"})
    first = await client.call(kind, "apply", message)
    revision = await app.repository.revision()
    assert await client.call(kind, "apply", message) == first
    assert await client.call(kind, "apply", first) == first
    assert await app.repository.revision() == revision


@pytest.mark.parametrize("kind", [kind for kind in KINDS if _has(kind, "updateVisibility")], ids=lambda kind: kind.key)
async def test_visibility_changes_alone_and_survives_an_apply_that_does_not_mention_it(
    app: App, client: AsyncClient, kind: Kind
) -> None:
    stored = await _store(app, client, kind)
    changed = await call(
        client, kind.key, "updateVisibility", resource_id=stored.metadata.id, visibility="visibility_public"
    )
    assert changed.metadata.visibility == 2
    assert changed.spec == stored.spec
    if _has(kind, "apply"):
        message = resource(kind.key, "sample-one", labels={"team": "a"})
        message.spec.CopyFrom(stored.spec)
        assert (await client.call(kind, "apply", message)).metadata.visibility == 2


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
async def test_a_deleted_resource_is_answered_once_more_and_then_gone(
    app: App, client: AsyncClient, kind: Kind
) -> None:
    stored = await _store(app, client, kind)
    if kind.key in _UNFINISHED:
        stored = await call(client, kind.key, "terminate", id=stored.metadata.id)
    deleted = await client.call(kind, "delete", _id_request(kind, "delete", stored.metadata.id))
    assert deleted.metadata == stored.metadata
    for verb in ("get", "delete"):
        with pytest.raises(NotFound):
            await client.call(kind, verb, _id_request(kind, verb, stored.metadata.id))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if _has(kind, "list")], ids=lambda kind: kind.key)
async def test_a_list_has_what_is_stored_and_only_the_org_asked_for(app: App, client: AsyncClient, kind: Kind) -> None:
    stored = await _store(app, client, kind)
    answer = await call(client, kind.key, "list", org="local")
    items = answer.entries if "entries" in answer.DESCRIPTOR.fields_by_name else answer.items
    assert stored in items
    assert len((await call(client, kind.key, "list", org="elsewhere")).ListFields()) == 0


async def test_lists_across_kinds_are_paged_and_filtered(app: App, client: AsyncClient) -> None:
    for number in range(5):
        await client.call("environment", "create", resource("environment", f"env-{number}", labels={"n": str(number)}))
    await make_agent(client)
    names, token = [], ""
    while True:
        page = await call(
            client,
            "stigmer.runtime.v1.ResourceService",
            "List",
            kinds=["environment"],
            page_size=2,
            page_token=token,
        )
        assert len(page.items) <= 2
        for item in page.items:
            message = resource("environment")
            assert item.Unpack(message)
            names.append(message.metadata.name)
        token = page.next_page_token
        if not token:
            break
    assert names == [f"env-{number}" for number in range(5)]
    everything = await call(client, "stigmer.runtime.v1.ResourceService", "List", labels={"n": "3"})
    assert len(everything.items) == 1
    assert everything.revision == await app.repository.revision()
