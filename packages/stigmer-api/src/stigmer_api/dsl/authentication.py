"""Authentication policies: what a call uses to say who it is. The tokens themselves are an activity's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child, listed, shortened
from stigmer_api.dsl.reader import Reader

SCHEMES: Final[Mapping[str, str]] = {
    "basic": "Basic",
    "bearer": "Bearer",
    "certificate": "Certificate",
    "digest": "Digest",
    "oauth2": "Bearer",
    "oidc": "Bearer",
}
"""The scheme of the Authorization header, by the policy's kind. A certificate is shown below HTTP, without a header."""

CLIENT_CREDENTIALS: Final = "client_credentials"
PASSWORD: Final = "password"  # noqa: S105 - the name of a grant
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant
GRANTS: Final = (CLIENT_CREDENTIALS, PASSWORD, TOKEN_EXCHANGE)
_OTHER_GRANTS: Final[Mapping[str, str]] = {
    "authorization_code": "it needs a person with a browser",
    "refresh_token": "the DSL has no place for the refresh token",
}
CLIENT_METHODS: Final = ("client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none")
ENCODINGS: Final = ("application/x-www-form-urlencoded", "application/json")

_USER: Final = ("username", "password")
_CERTIFICATE: Final = ("certificate", "key", "password", "authorities")
_OAUTH2: Final = (
    "authority", "grant", "client", "request", "issuers", "scopes", "audiences", "username", "password", "subject",
    "actor",
)  # fmt: skip
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "basic": _USER,
    "bearer": ("token",),
    "certificate": _CERTIFICATE,
    "digest": _USER,
    "oauth2": (*_OAUTH2, "endpoints"),
    "oidc": _OAUTH2,
}
_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "basic": _USER,
    "bearer": ("token",),
    "certificate": ("certificate", "key"),
    "digest": _USER,
    "oauth2": ("authority", "grant"),
    "oidc": ("authority", "grant"),
}
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "client": ("id", "secret", "assertion", "authentication"),
    "request": ("encoding",),
    "subject": ("token", "type"),
    "actor": ("token", "type"),
    "endpoints": ("token", "revocation", "introspection"),
}


@dataclass(frozen=True, slots=True)
class Authentication:
    """A policy of a `kind` of `SCHEMES`: its `fields`, or the name of the `secret` that has them."""

    kind: str
    fields: Template
    secret: str = ""


def read_authentication(reader: Reader, value: Json, pointer: str) -> Authentication | None:
    """Compile a policy, or the one that `{use: name}` names in `use.authentications`."""
    if isinstance(value, Mapping) and "use" in value:
        reader.fields(value, pointer, ("use",))
        name = reader.text(value["use"], child(pointer, "use"))
        found = reader.named("authentications", name, child(pointer, "use")) if name else None
        return None if found is None else read_policy(reader, found, child("/use/authentications", name))
    return read_policy(reader, value, pointer)


def read_policy(reader: Reader, value: Json, pointer: str) -> Authentication | None:
    """Compile a policy that is written out."""
    fields = reader.fields(value, pointer, tuple(SCHEMES))
    kinds = [kind for kind in SCHEMES if kind in fields]
    if len(kinds) != 1:
        reader.problem(pointer, f"an authentication needs exactly one of {', '.join(SCHEMES)} or use")
        return None
    kind, place = kinds[0], child(pointer, kinds[0])
    given = fields[kind]
    if isinstance(given, Mapping) and "use" in given:
        reader.fields(given, place, ("use",))
        name = reader.text(given["use"], child(place, "use"))
        reader.secret(name, child(place, "use"))
        return Authentication(kind, Template({}), name)
    found = reader.fields(given, place, _KEYS[kind], required=_REQUIRED[kind])
    reader.texts(found, place, ("username", "password", "token", "authority", "grant", *_CERTIFICATE))
    if kind in ("oauth2", "oidc"):
        _check_oauth2(reader, found, place)
    return Authentication(kind, reader.outbound(found, place))


def _check_oauth2(reader: Reader, fields: Mapping[str, Json], pointer: str) -> None:
    grant = fields.get("grant")
    place = child(pointer, "grant")
    if str(grant) in _OTHER_GRANTS:
        reader.problem(place, f"the grant {grant!r} is not supported, because {_OTHER_GRANTS[str(grant)]}")
    elif grant is not None:
        _one_of(reader, grant, place, GRANTS)
    for key, known in _PARTS.items():
        if key in fields:
            part = reader.fields(fields[key], child(pointer, key), known, known if key in ("subject", "actor") else ())
            reader.texts(part, child(pointer, key), known)
    for key in ("issuers", "scopes", "audiences"):
        if key in fields and not isinstance(fields[key], list | str):
            reader.problem(child(pointer, key), "must be a list of texts")
    client = fields.get("client")
    if isinstance(client, Mapping) and "authentication" in client:
        _one_of(reader, client["authentication"], child(pointer, "client", "authentication"), CLIENT_METHODS)
    request = fields.get("request")
    if isinstance(request, Mapping) and "encoding" in request:
        _one_of(reader, request["encoding"], child(pointer, "request", "encoding"), ENCODINGS)
    needed = {PASSWORD: _USER, TOKEN_EXCHANGE: ("subject",), CLIENT_CREDENTIALS: ("client",)}.get(str(grant), ())
    for key in needed:
        if key not in fields:
            reader.problem(pointer, f"the grant {grant!r} needs {key!r}")


def _one_of(reader: Reader, value: Json, pointer: str, known: tuple[str, ...]) -> None:
    if value not in known and not (isinstance(value, str) and "${" in value):
        reader.problem(pointer, f"must be one of {listed(known)}, not {shortened(str(value))!r}")
