"""Stand-ins for the services that documents call: pet store, OAuth 2 and OpenID Connect, gRPC, WebSocket, MCP, A2A."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

PETS = {1: {"id": 1, "name": "Rex", "status": "available"}, 2: {"id": 2, "name": "Tom", "status": "sold"}}
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Pets", "version": "1.0.0"},
    "host": "petstore.swagger.io",
    "basePath": "/v2",
    "schemes": ["https", "http"],
    "paths": {
        "/pet/findByStatus": {
            "get": {
                "operationId": "findPetsByStatus",
                "produces": ["application/json"],
                "parameters": [
                    {"name": "status", "in": "query", "required": True, "type": "array", "collectionFormat": "multi"}
                ],
            }
        },
        "/pet/{petId}": {
            "parameters": [{"$ref": "#/parameters/petId"}],
            "get": {"operationId": "getPetById"},
            "post": {
                "operationId": "renamePet",
                "consumes": ["application/x-www-form-urlencoded"],
                "parameters": [{"name": "name", "in": "formData", "type": "string"}],
            },
        },
        "/pet": {"post": {"operationId": "addPet", "parameters": [{"name": "body", "in": "body", "required": True}]}},
    },
    "parameters": {"petId": {"name": "petId", "in": "path", "required": True, "type": "integer"}},
}


async def petstore(verb: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
    """The pet store of the kit, and the basic authentication of httpbin."""
    parts = urlsplit(path)
    if parts.path.startswith("/basic-auth/"):
        pair = ":".join(parts.path.split("/")[2:]).encode()
        known = headers.get("authorization") == f"Basic {base64.b64encode(pair).decode()}"
        return (200, {"authenticated": True}) if known else (401, {})
    if parts.path == "/v2/swagger.json":
        return 200, SWAGGER
    if parts.path == "/v2/pet/findByStatus":
        wanted = parse_qs(parts.query).get("status", [])
        return 200, [pet for pet in PETS.values() if pet["status"] in wanted]
    name = parts.path.removeprefix("/v2/pet/")
    if verb == "GET" and name.isdecimal() and int(name) in PETS:
        return 200, PETS[int(name)]
    if verb in ("POST", "PUT"):
        return 200, {"path": path, "kind": headers.get("content-type"), "body": body.decode()}
    return 404, {"message": "not found"}


@dataclass
class TokenService:
    """An authorization server and the resource behind it. `asked` has the token requests: headers and parameters."""

    url: str = ""
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    valid: set[str] = field(default_factory=set)
    lifetime: int | None = 3600
    issuer: str = "https://issuer.example"

    async def answer(self, _verb: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """Tokens at any path that ends in `token`, discovery, and a resource that wants a token."""
        if path.endswith("/.well-known/openid-configuration"):
            return 200, {"issuer": self.issuer, "token_endpoint": f"{self.url}/oidc/token"}
        if path.endswith("token"):
            form = headers.get("content-type", "").startswith("application/x-www")
            asked = parse_qs(body.decode()) if form else json.loads(body)
            self.asked.append((headers, asked))
            token = self.token(f"token-{len(self.asked)}")
            self.valid.add(token)
            lifetime = {} if self.lifetime is None else {"expires_in": self.lifetime}
            return 200, {"access_token": token, "token_type": "Bearer", **lifetime}
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and token in self.valid:
            return 200, {"path": path, "seen": headers["authorization"]}
        return 401, {"error": "who are you?", "seen": headers.get("authorization", "")}

    def token(self, name: str) -> str:
        """A token that says who issued it."""
        claims = base64.urlsafe_b64encode(json.dumps({"iss": self.issuer, "jti": name}).encode()).decode().rstrip("=")
        return f"eyJhbGciOiJub25lIn0.{claims}.{hashlib.sha256(name.encode()).hexdigest()}"


@dataclass
class DigestService:
    """HTTP digest authentication (MD5, auth)."""

    username: str
    password: str
    nonce: str = "abc123"

    async def answer(self, verb: str, path: str, headers: dict[str, str], _body: bytes) -> tuple[int, Any]:
        """The challenge, or the resource for the right answer to it."""
        given = dict(
            (part.partition("=")[0].strip(), part.partition("=")[2].strip().strip('"'))
            for part in headers.get("authorization", "").removeprefix("Digest ").split(",")
        )
        first = _md5(f"{self.username}:pets:{self.password}")
        second = _md5(f"{verb}:{path}")
        wanted = _md5(f"{first}:{self.nonce}:{given.get('nc')}:{given.get('cnonce')}:auth:{second}")
        if given.get("response") == wanted:
            return 200, {"user": given["username"]}
        return 401, {"header": ("WWW-Authenticate", f'Digest realm="pets", nonce="{self.nonce}", qop="auth"')}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
