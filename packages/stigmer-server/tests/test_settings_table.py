"""What the command line shows of the server's settings is what the server reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import AliasChoices

from stigmer_api.home_settings import file_key
from stigmer_api.server_settings import SERVER_SETTINGS, ServerSetting
from stigmer_server.settings import Settings

SHARED = {
    "home",
    "host",
    "port",
    "database_url",
    "temporal_address",
    "temporal_port",
    "temporal_namespace",
    "token",
    "log_level",
}
"""Read by the command line too, which has them in its own table."""


def test_the_table_has_every_setting_of_the_server_alone() -> None:
    assert {item.field for item in SERVER_SETTINGS} == set(Settings.model_fields) - SHARED


@pytest.mark.parametrize("item", SERVER_SETTINGS, ids=lambda item: item.field)
def test_the_table_says_what_the_server_reads(
    item: ServerSetting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(item.env, raising=False)
    field: Any = Settings.model_fields[item.field]
    assert isinstance(field.validation_alias, AliasChoices)
    assert item.env == field.validation_alias.choices[0]
    assert item.key == file_key(Settings, item.field)
    assert item.default == ("" if field.default is None else str(field.default))
    assert getattr(Settings(home=tmp_path), item.field) == field.default
