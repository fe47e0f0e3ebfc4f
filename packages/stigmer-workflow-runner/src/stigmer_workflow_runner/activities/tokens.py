"""Access tokens of OAuth 2 and OpenID Connect: asked for here, kept in this process's memory, never handed on.

A token is kept until shortly before it expires, or until a service refuses it. Who asks with the same policy gets the
same token; policies are told apart by a hash of everything in them.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from urllib.parse import quote_plus

from temporalio.exceptions import ApplicationError

from stigmer_api.dsl.authentication import CLIENT_METHODS, ENCODINGS, GRANTS, PASSWORD, TOKEN_EXCHANGE
from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.failures import FAULT, failure
from stigmer_workflow_runner.activities.redaction import Redactor
from stigmer_workflow_runner.activities.web import ACCEPT, Request, Web, body_of
from stigmer_workflow_runner.errors import error_object

TOKEN_PATH: Final = "/oauth2/token"  # noqa: S105 - a path
DISCOVERY_PATH: Final = "/.well-known/openid-configuration"
EARLY_SECONDS: Final = 30.0
"""How long before its end a token is not used any more."""
KEPT_TOKENS: Final = 1_000
ASSERTION_SECONDS: Final = 300
_JWT_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(slots=True)
class _Kept:
    token: str
    until: float


class Tokens:
    """Gets and keeps tokens."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._asking: dict[str, asyncio.Lock] = {}

    async def of(self, kind: str, fields: Mapping[str, Any], redactor: Redactor, *, fresh: bool = False) -> str:
        """A token for a policy of `kind` oauth2 or oidc. Fails with an authentication error."""
        key = hashlib.sha256(json.dumps([kind, fields], sort_keys=True).encode()).hexdigest()
        before = self._kept.get(key)
        async with self._asking.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            # Whoever waited for the lock takes what the one before it got.
            if kept is None or kept.until <= time.monotonic() or (fresh and kept is before):
                kept = await self._ask(kind, fields, redactor)
                self._kept[key] = kept
                self._kept.move_to_end(key)
            while len(self._kept) > KEPT_TOKENS:
                self._asking.pop(self._kept.popitem(last=False)[0], None)
        redactor.add([kept.token])
        return kept.token

    async def _ask(self, kind: str, fields: Mapping[str, Any], redactor: Redactor) -> _Kept:
        endpoint = await self._endpoint(kind, fields)
        headers = {"Accept": ACCEPT}
        form = _grant(fields)
        _identify(form, headers, fields.get("client") or {}, endpoint)
        encoding = (fields.get("request") or {}).get("encoding", ENCODINGS[0])
        if encoding not in ENCODINGS:
            _refuse(f"request.encoding must be one of {', '.join(ENCODINGS)}, not {encoding!r}")
        headers["Content-Type"] = encoding
        request = Request("POST", endpoint, headers, content=body_of(dict(form), headers))
        answer = await self._json(request, "the token endpoint")
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            _refuse(f"the token endpoint {endpoint} gave no access_token")
        redactor.add_json([value for name, value in answer.items() if name.endswith("token")])
        _check_issuer(token, fields.get("issuers"))
        lifetime = answer.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, int | float | str) and _is_number(lifetime) else float("inf")
        return _Kept(token, time.monotonic() + max(seconds - EARLY_SECONDS, seconds / 2))

    async def _endpoint(self, kind: str, fields: Mapping[str, Any]) -> str:
        authority = fields.get("authority")
        if not isinstance(authority, str) or not authority:
            _refuse("the policy needs 'authority' as text")
        authority = authority.rstrip("/")
        if kind == "oauth2":
            path = (fields.get("endpoints") or {}).get("token") or TOKEN_PATH
            return str(path) if "://" in str(path) else f"{authority}/{str(path).lstrip('/')}"
        found = await self._json(Request("GET", authority + DISCOVERY_PATH, {"Accept": ACCEPT}), "the configuration")
        endpoint = found.get("token_endpoint")
        if not isinstance(endpoint, str):
            _refuse(f"{authority}{DISCOVERY_PATH} names no token_endpoint")
        issuers = fields.get("issuers")
        if issuers and found.get("issuer") not in issuers:
            _refuse(f"the issuer {found.get('issuer')!r} is not one of the policy's issuers")
        return endpoint

    async def _json(self, request: Request, what: str) -> dict[str, Any]:
        try:
            answer = await self._web.send(request)
            answer.check(request.label)
        except ApplicationError as error:
            if error.type == FAULT and str(error.details[0]["type"]).endswith("/communication"):
                _refuse(f"{what}: {error.details[0]['detail']}")
            raise
        content = answer.content
        if not isinstance(content, dict):
            _refuse(f"{what} {request.uri} did not answer with a JSON object")
        return content


def _grant(fields: Mapping[str, Any]) -> dict[str, Json]:
    """The parameters of the token request, without those of the client."""
    grant = fields.get("grant")
    if grant not in GRANTS:
        _refuse(f"the grant must be one of {', '.join(GRANTS)}, not {grant!r}")
    form: dict[str, Json] = {"grant_type": grant}
    if fields.get("scopes"):
        scopes = fields["scopes"]
        form["scope"] = scopes if isinstance(scopes, str) else " ".join(map(str, scopes))
    if fields.get("audiences"):
        form["audience"] = fields["audiences"]
    if grant == PASSWORD:
        form |= {key: fields.get(key) for key in ("username", "password")}
    if grant == TOKEN_EXCHANGE:
        for party in ("subject", "actor"):
            if fields.get(party):
                form[f"{party}_token"] = fields[party]["token"]
                form[f"{party}_token_type"] = fields[party]["type"]
    return form


def _identify(form: dict[str, Json], headers: dict[str, str], client: Mapping[str, Any], endpoint: str) -> None:
    """Say who the client is, in the way that the policy asks for."""
    method = client.get("authentication", "client_secret_post")
    client_id, secret, assertion = (str(client.get(key) or "") for key in ("id", "secret", "assertion"))
    if not client:
        return
    if method not in CLIENT_METHODS:
        _refuse(f"client.authentication must be one of {', '.join(CLIENT_METHODS)}, not {method!r}")
    if method == "client_secret_basic":
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return
    if client_id:
        form["client_id"] = client_id
    if method == "client_secret_post" and secret:
        form["client_secret"] = secret
    if method in ("client_secret_jwt", "private_key_jwt"):
        if not assertion and method == "private_key_jwt":
            _refuse("private_key_jwt needs client.assertion, a JWT that is signed already")
        form["client_assertion_type"] = _JWT_BEARER
        form["client_assertion"] = assertion or _signed(client_id, secret, endpoint)


def _signed(client_id: str, secret: str, audience: str) -> str:
    """A JWT with which a client proves that it knows its secret (RFC 7523, HS256)."""
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": audience, "jti": str(uuid.uuid4()), "iat": now}
    parts = [{"alg": "HS256", "typ": "JWT"}, {**claims, "exp": now + ASSERTION_SECONDS}]
    text = ".".join(_unpadded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{_unpadded(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _check_issuer(token: str, issuers: Json) -> None:
    """A policy that names issuers takes tokens of those only; the token's own claim is what there is to check."""
    if not issuers:
        return
    try:
        payload = token.split(".")[1]
        issuer = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))).get("iss")
    except (IndexError, ValueError, AttributeError) as error:
        _refuse(f"the policy names issuers, but the token does not say who issued it ({type(error).__name__})")
    if issuer not in issuers:
        _refuse(f"the token's issuer {issuer!r} is not one of the policy's issuers")


def _is_number(value: Json) -> bool:
    try:
        return float(value) >= 0
    except ValueError:
        return False


def _refuse(detail: str) -> NoReturn:
    raise failure(error_object("authentication", detail))
