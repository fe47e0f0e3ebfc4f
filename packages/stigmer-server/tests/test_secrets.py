"""Secrets at rest: sealed for their place, kept apart from bodies, readable with the right key only."""

from __future__ import annotations

import base64
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_testing import call, resource

from stigmer_api.client import AsyncClient
from stigmer_api.errors import FailedPrecondition
from stigmer_api.kinds import KINDS, kind_by_key
from stigmer_server.errors import StartupError
from stigmer_server.secrets.keys import Key, KeyRing, key_file, read_keys
from stigmer_server.secrets.places import kinds_with_secrets
from stigmer_server.secrets.records import CHECK, CHECK_ID, VALUES, sealed_values
from stigmer_server.secrets.sealing import Place, Sealer, SecretUnreadable
from stigmer_store import RevisionCompacted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DATA = {"TOKEN": {"value": "s3cret", "is_secret": True}, "COLOR": {"value": "red"}}
_PLACE = Place("environment", "env-1", "data/TOKEN")


def _sealer(*seeds: int) -> Sealer:
    return Sealer(KeyRing(tuple(Key.of(bytes([seed]) * 32) for seed in seeds), "the test"))


def _text(seed: int) -> str:
    return base64.urlsafe_b64encode(bytes([seed]) * 32).decode()


async def _secret(client: AsyncClient, environment_id: str, key: str = "TOKEN") -> str:
    answer = await call(client, "environment", "getSecretValue", environment_id=environment_id, key=key)
    return str(answer.value)


@given(st.text())
def test_what_is_sealed_opens_again_and_never_looks_the_same(value: str) -> None:
    sealer = _sealer(1)
    first, second = sealer.seal(_PLACE, value), sealer.seal(_PLACE, value)
    assert first != second
    assert sealer.open(_PLACE, first) == sealer.open(_PLACE, second) == value


@pytest.mark.parametrize("change", [{"kind": "session"}, {"id": "env-2"}, {"name": "data/OTHER"}])
def test_a_sealed_value_opens_in_its_own_place_only(change: dict[str, str]) -> None:
    sealed = _sealer(1).seal(_PLACE, "s3cret")
    with pytest.raises(SecretUnreadable, match="cannot be opened"):
        _sealer(1).open(replace(_PLACE, **change), sealed)


def test_a_changed_bit_and_a_wrong_key_are_noticed() -> None:
    sealed = _sealer(1).seal(_PLACE, "s3cret")
    raw = bytearray(base64.b64decode(sealed))
    for place in range(len(raw)):
        raw[place] ^= 1
        with pytest.raises(SecretUnreadable):
            _sealer(1).open(_PLACE, base64.b64encode(raw).decode())
        raw[place] ^= 1
    with pytest.raises(SecretUnreadable, match="the test does not hold"):
        _sealer(2).open(_PLACE, sealed)
    for text in ("", "no base64!", sealed[:20]):
        with pytest.raises(SecretUnreadable):
            _sealer(1).open(_PLACE, text)


def test_an_older_key_opens_and_the_first_one_seals() -> None:
    old = _sealer(1).seal(_PLACE, "s3cret")
    ring = _sealer(2, 1)
    assert ring.open(_PLACE, old) == "s3cret"
    assert not ring.is_current(old)
    assert ring.is_current(ring.seal(_PLACE, "s3cret"))


def test_every_map_of_values_with_is_secret_is_found_and_none_hides_deeper() -> None:
    found = {kind.key for kind in kinds_with_secrets()}
    assert found == {"environment", "execution_context", "agent_execution", "workflow_execution"}

    def holders(descriptor: Any, seen: set[str]) -> set[str]:
        if descriptor.full_name in seen:
            return set()
        seen.add(descriptor.full_name)
        here = {"value", "is_secret"} <= {field.name for field in descriptor.fields}
        deeper = (holders(field.message_type, seen) for field in descriptor.fields if field.message_type is not None)
        return ({descriptor.full_name} if here else set()).union(*deeper)

    for kind in KINDS:
        if kind.key not in found:
            assert not holders(kind.message.DESCRIPTOR, set()), kind.name


def test_the_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    made = read_keys(tmp_path, "", may_make=True)
    assert stat.S_IMODE(key_file(tmp_path).stat().st_mode) == 0o600
    assert read_keys(tmp_path, "", may_make=True).active == made.active
    assert "secret" not in repr(made.active)
    assert repr(made.active.secret) not in repr(made)
    given = read_keys(tmp_path, f"{_text(7)} {_text(8)}", may_make=False)
    assert [key.secret[0] for key in given.keys] == [7, 8]


@pytest.mark.parametrize(("text", "mode"), [("", 0o600), ("short", 0o600), (_text(1), 0o644)])
def test_an_unusable_key_file_is_refused_by_name_and_left_alone(tmp_path: Path, text: str, mode: int) -> None:
    path = key_file(tmp_path)
    path.parent.mkdir()
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(StartupError, match=r"encryption\.key"):
        read_keys(tmp_path, "", may_make=True)
    assert path.read_text() == text


async def test_the_stored_body_holds_no_secret_and_the_record_beside_it_goes_with_the_resource(app: Any) -> None:
    async with AsyncClient(app.address, app.token) as client:
        made = await client.call("environment", "create", resource("environment", "prod", {"data": _DATA}))
        body = (await app.repository.get("environment", made.metadata.id)).body
        assert b"s3cret" not in body
        assert b"red" in body
        assert list(sealed_values(await app.repository.get(VALUES, made.metadata.id))) == ["data/TOKEN"]
        assert await _secret(client, made.metadata.id) == "s3cret"
        await call(client, "environment", "removeVariables", environment_id=made.metadata.id, keys=["TOKEN"])
        assert await app.repository.get(VALUES, made.metadata.id) is None
        await call(
            client, "environment", "updateVariables", environment_id=made.metadata.id, variables={"A": _DATA["TOKEN"]}
        )
        await call(client, "environment", "delete", resource_id=made.metadata.id)
        assert await app.repository.get(VALUES, made.metadata.id) is None


async def test_an_apply_that_repeats_a_secret_writes_nothing_and_a_new_one_makes_a_revision(app: Any) -> None:
    async with AsyncClient(app.address, app.token) as client:
        first = await client.call("environment", "apply", resource("environment", "prod", {"data": _DATA}))
        again = await client.call("environment", "apply", resource("environment", "prod", {"data": _DATA}))
        assert again == first
        other = {**_DATA, "TOKEN": {"value": "0ther", "is_secret": True}}
        changed = await client.call("environment", "apply", resource("environment", "prod", {"data": other}))
        assert changed.metadata.revision > first.metadata.revision
        assert await _secret(client, first.metadata.id) == "0ther"
        plain = {"TOKEN": {"value": "", "is_secret": False}}
        await client.call("environment", "apply", resource("environment", "prod", {"data": plain}))
        assert await _secret(client, first.metadata.id) == ""


async def test_a_lost_or_other_key_stops_the_start_and_changes_nothing(
    tmp_path: Path, serving: Callable[..., Any]
) -> None:
    home = tmp_path / "home"
    async with serving(home) as app, AsyncClient(app.address, app.token) as client:
        made = await client.call("environment", "create", resource("environment", "prod", {"data": _DATA}))
    path = key_file(home)
    key = path.read_text()
    path.unlink()
    with pytest.raises(StartupError, match=r"encryption\.key is missing.*put the file back"):
        async with serving(home):
            pass
    assert not path.exists()
    path.write_text(_text(9))
    path.chmod(0o600)
    with pytest.raises(StartupError, match=r"encryption\.key does not hold the encryption key of this database"):
        async with serving(home):
            pass
    with pytest.raises(StartupError, match="STIGMER_ENCRYPTION_KEY does not hold"):
        async with serving(home, encryption_key=_text(9)):
            pass
    path.write_text(key)
    async with serving(home) as app, AsyncClient(app.address, app.token) as client:
        assert await _secret(client, made.metadata.id) == "s3cret"


async def test_a_new_key_in_front_takes_over_at_the_next_start(tmp_path: Path, serving: Callable[..., Any]) -> None:
    home = tmp_path / "home"
    async with serving(home) as app, AsyncClient(app.address, app.token) as client:
        made = await client.call("environment", "create", resource("environment", "prod", {"data": _DATA}))
    path = key_file(home)
    path.write_text(f"{_text(9)}\n{path.read_text()}")
    async with serving(home):
        pass
    path.write_text(_text(9))
    async with serving(home) as app, AsyncClient(app.address, app.token) as client:
        assert await _secret(client, made.metadata.id) == "s3cret"


async def test_a_tampered_secret_is_a_clear_error_and_setting_it_again_mends_it(app: Any) -> None:
    async with AsyncClient(app.address, app.token) as client:
        data = {**_DATA, "OTHER": {"value": "fine", "is_secret": True}}
        made = await client.call("environment", "create", resource("environment", "prod", {"data": data}))

        def tamper(tx: Any) -> None:
            record = tx.require(VALUES, made.metadata.id)
            body = record.body.replace(sealed_values(record)["data/TOKEN"][-12:].encode(), b"AAAAAAAAAAA=")
            tx.put(replace(record, body=body, revision=tx.revision()))

        await app.repository.write(tamper)
        with pytest.raises(FailedPrecondition, match="TOKEN") as refused:
            await _secret(client, made.metadata.id)
        assert refused.value.reason == "SECRET_UNREADABLE"
        assert await _secret(client, made.metadata.id, "OTHER") == "fine"
        await client.call("environment", "apply", resource("environment", "prod", {"data": data}))
        assert await _secret(client, made.metadata.id) == "s3cret"


async def test_values_that_were_stored_in_clear_are_sealed_at_the_next_start(
    tmp_path: Path, serving: Callable[..., Any]
) -> None:
    home = tmp_path / "home"
    async with serving(home) as app, AsyncClient(app.address, app.token) as client:
        made = await client.call("environment", "create", resource("environment", "prod", {"data": _DATA}))

        def as_before(tx: Any) -> None:  # what a server without sealing wrote
            record = tx.require("environment", made.metadata.id)
            message: Any = kind_by_key("environment").message.FromString(record.body)
            message.spec.data["TOKEN"].value = "s3cret"
            tx.put(replace(record, body=message.SerializeToString(), revision=tx.revision()))
            tx.delete(VALUES, made.metadata.id)
            tx.delete(CHECK, CHECK_ID)

        await app.repository.write(as_before)
    async with serving(home) as app, AsyncClient(app.address, app.token) as client:
        found = await call(client, "environment", "get", value=made.metadata.id)
        assert b"s3cret" not in found.SerializeToString()
        assert found.metadata.revision > made.metadata.revision
        with pytest.raises(RevisionCompacted):  # it had the value in clear
            await app.repository.changes(0, 100)
        for change in await app.repository.changes(await app.repository.revision() - 1, 100):
            assert b"s3cret" not in change.record.body
        assert await _secret(client, made.metadata.id) == "s3cret"
