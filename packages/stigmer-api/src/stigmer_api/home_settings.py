"""How every service reads its settings: argument, then environment, then `config.yaml` of the home, then default.

A service declares its settings in a class of its own below `HomeSettings`; this file knows only where they come from.
It needs the extra `settings` of this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

__all__ = ["BadSettings", "HomeSettings", "file_key", "read_settings", "setting"]

S = TypeVar("S", bound="HomeSettings")


class BadSettings(Exception):
    """The settings cannot be right; the message names each that is wrong, or the file that cannot be read."""


def setting(default: Any, *variables: str, file: str = "", **rules: Any) -> Any:
    """A field read from the first of `variables` that is set, else from the dotted key `file` of config.yaml.

    rules: what pydantic's Field takes beside, for example `ge=1`.
    """
    return Field(default, validation_alias=AliasChoices(*variables), json_schema_extra={"file": file}, **rules)


class HomeSettings(BaseSettings):
    """Base of the settings of a service. An empty variable counts as not set."""

    model_config = SettingsConfigDict(populate_by_name=True, env_ignore_empty=True, extra="ignore", frozen=True)

    home: Path = setting(Path("~/.stigmer"), "STIGMER_HOME")
    """Folder of everything that Stigmer keeps. One home, one stack."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment and the file of the home that these name, in this order."""
        return (init_settings, env_settings, _HomeFile(settings_cls, init_settings, env_settings))


class _HomeFile(PydanticBaseSettingsSource):
    """`config.yaml` of the home."""

    def __init__(self, settings_cls: type[BaseSettings], *stronger: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._stronger = stronger

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Not used: `__call__` reads the whole file at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        document = _read_mapping(self._home() / "config.yaml")
        found = {name: _look_up(document, file_key(self.settings_cls, name)) for name in self.settings_cls.model_fields}
        return {name: value for name, value in found.items() if value is not None}

    def _home(self) -> Path:
        for source in self._stronger:
            given = source()
            if home := given.get("home") or given.get("STIGMER_HOME"):
                return Path(str(home)).expanduser()
        return Path("~/.stigmer").expanduser()


def file_key(settings: type[BaseSettings], name: str) -> str:
    """The dotted key of a field in config.yaml, empty when the file cannot set it."""
    extra = settings.model_fields[name].json_schema_extra
    return str(extra.get("file") or "") if isinstance(extra, dict) else ""


def read_settings(settings: type[S], arguments: Mapping[str, Any]) -> S:
    """The settings in force; arguments that are None count as not given. Raises BadSettings."""
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        return settings(**given)
    except ValidationError as error:
        keys = {name: file_key(settings, name) for name in settings.model_fields.keys() - given.keys()}
        raise BadSettings("; ".join(_problem(item, keys) for item in error.errors())) from error
    except SourceError as error:  # a variable that must hold JSON does not
        raise BadSettings(str(error)) from error


def _problem(item: Any, keys: Mapping[str, str]) -> str:
    """One problem, by the name under which its value was given. `keys`: what config.yaml calls the fields."""
    name = ".".join(str(part) for part in item["loc"])
    name = f"{keys[name]} (config.yaml)" if keys.get(name) else name
    text = str(item["msg"]).removeprefix("Value error, ")
    return f"{name}: {text}" if name else text


def _look_up(document: Any, key: str) -> Any:
    for part in key.split(".") if key else ():
        document = document.get(part) if isinstance(document, dict) else None
    return document if key else None


def _read_mapping(path: Path) -> dict[str, Any]:
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error
    except YAMLError as error:
        raise BadSettings(f"{path} is not valid YAML: {error}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BadSettings(f"{path} must hold a mapping of settings")
    return document
