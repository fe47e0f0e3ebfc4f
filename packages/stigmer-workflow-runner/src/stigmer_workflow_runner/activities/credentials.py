"""Makes the credentials of a call from its authentication policy. They never leave the activity."""

from __future__ import annotations

import base64
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from stigmer_api.dsl.authentication import SCHEMES
from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.certificates import Certified, Identity, identity_of
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.activities.tokens import Tokens
from stigmer_workflow_runner.activities.web import Answer, Request, Web
from stigmer_workflow_runner.activities.world import Opened
from stigmer_workflow_runner.errors import error_object


@dataclass(frozen=True, slots=True)
class Credentials:
    """`parameter` is what follows the scheme in the header.

    Digest has none before the server's challenge, and who has an `identity` shows that instead.
    """

    scheme: str
    parameter: str | None
    auth: httpx.Auth
    renewable: bool = False
    identity: Identity | None = None

    @property
    def header(self) -> str | None:
        """The Authorization header's value."""
        return None if self.parameter is None else f"{self.scheme} {self.parameter}"

    @property
    def shown(self) -> dict[str, Json]:
        """What `$authorization` is for expressions that are evaluated here."""
        return {"scheme": self.scheme, "parameter": self.parameter}


class _Header(httpx.Auth):
    def __init__(self, value: str) -> None:
        self._value = value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._value
        yield request


class Authenticator:
    """Credentials for the policies of calls; tokens are kept by `tokens`."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._tokens = Tokens(web)

    async def of(self, policy: Mapping[str, Any] | None, opened: Opened, *, fresh: bool = False) -> Credentials | None:
        """The credentials of a policy, None without one. `fresh`: not with a token that was used before.

        Fails with an authentication error when they cannot be had.
        """
        if policy is None:
            return None
        kind = policy["kind"]
        fields = _from_secret(kind, policy["secret"], opened) if policy.get("secret") else policy["fields"]
        opened.redactor.add_json([fields.get(key) for key in ("password", "token", "key")])
        for key in ("client", "subject", "actor"):
            part = fields.get(key)
            if isinstance(part, Mapping):
                opened.redactor.add_json([part.get(name) for name in ("secret", "assertion", "token")])
        if kind in ("oauth2", "oidc"):
            token = await self._tokens.of(kind, fields, opened.redactor, fresh=fresh)
            return Credentials(SCHEMES[kind], token, _Header(f"Bearer {token}"), renewable=True)
        if kind == "certificate":
            identity = identity_of(fields)
            return Credentials(SCHEMES[kind], None, Certified(identity), identity=identity)
        needed = ("token",) if kind == "bearer" else ("username", "password")
        first, *rest = (_text(fields, key, kind) for key in needed)
        if kind == "bearer":
            return Credentials("Bearer", first, _Header(f"Bearer {first}"))
        if kind == "digest":
            return Credentials("Digest", None, httpx.DigestAuth(first, rest[0]))
        encoded = base64.b64encode(f"{first}:{rest[0]}".encode()).decode()
        opened.redactor.add([encoded])
        return Credentials("Basic", encoded, _Header(f"Basic {encoded}"))

    async def send(
        self, request: Request, policy: Mapping[str, Any] | None, opened: Opened, first: Credentials | None = None
    ) -> Answer:
        """Make a request with a policy's credentials, or the `first` that were got already for it.

        A token that the server refuses is replaced once.
        """
        credentials = first or await self.of(policy, opened)
        answer = await self._web.send(request, None if credentials is None else credentials.auth)
        if answer.status == 401 and credentials is not None and credentials.renewable:
            again = await self.of(policy, opened, fresh=True)
            answer = await self._web.send(request, None if again is None else again.auth)
        return answer


def _from_secret(kind: str, name: str, opened: Opened) -> dict[str, Json]:
    """A policy's fields from a secret: a JSON object, or as plain text a token, `username:password`, or PEM text."""
    secret = opened.variables.secret(name)
    if isinstance(secret, dict):
        return secret
    if isinstance(secret, str) and kind == "bearer":
        return {"token": secret}
    if isinstance(secret, str) and kind == "certificate":
        return {"certificate": secret, "key": secret}
    if isinstance(secret, str) and kind in ("basic", "digest") and ":" in secret:
        username, _, password = secret.partition(":")
        opened.redactor.add([password])
        return {"username": username, "password": password}
    raise failure(_unusable(f"the secret {name!r} must be a JSON object with the fields of {kind}"))


def _text(fields: Mapping[str, Json], key: str, kind: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value:
        raise failure(_unusable(f"{kind} authentication needs {key!r} as text that is not empty"))
    return value


def _unusable(detail: str) -> dict[str, Json]:
    return error_object("authentication", detail)
