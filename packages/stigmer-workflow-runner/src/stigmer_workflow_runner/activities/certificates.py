"""Client certificates: who a call says it is before it says anything, in the TLS handshake."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import httpx

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.errors import error_object


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate (with those between it and its root) and its private key, as PEM text.

    `authorities`: who must have signed the server's certificate; empty means those that everybody trusts.
    """

    certificate: str
    key: str = field(repr=False)
    password: str = field(default="", repr=False)
    authorities: str = ""

    def context(self) -> ssl.SSLContext:
        """TLS that shows the certificate. Fails with an authentication error when certificate and key are none."""
        try:
            trusted = self.authorities
            context = (
                ssl.create_default_context(cadata=trusted) if trusted else httpx.create_ssl_context(trust_env=False)
            )
        except (ssl.SSLError, ValueError) as error:
            raise failure(_unusable(f"'authorities' is no PEM text of certificates: {error}")) from error
        with tempfile.TemporaryDirectory() as folder:  # the ssl module reads keys from files only
            path = Path(folder) / "identity.pem"
            path.touch(0o600)
            path.write_text(f"{self.key}\n{self.certificate}\n")
            try:
                context.load_cert_chain(path, password=lambda: self.password)
            except (ssl.SSLError, ValueError) as error:
                detail = f"'certificate' and 'key' are no PEM text of a certificate and its key: {error}"
                raise failure(_unusable(detail)) from error
        return context

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """The same for gRPC, which takes keys without a password only."""
        self.context()  # gRPC would say nothing but "handshake failed"
        if self.password:
            raise failure(_unusable("gRPC takes no key with a password: store the key without one"))
        roots = self.authorities.encode() or None
        return grpc.ssl_channel_credentials(roots, self.key.encode(), self.certificate.encode())


def identity_of(fields: Mapping[str, Json]) -> Identity:
    """The identity of a policy's fields. Fails with an authentication error."""
    values = {}
    for name in ("certificate", "key", "password", "authorities"):
        value = fields.get(name, "")
        if not isinstance(value, str) or (not value and name in ("certificate", "key")):
            raise failure(_unusable(f"certificate authentication needs {name!r} as text that is not empty"))
        values[name] = value
    return Identity(**values)


class Certified(httpx.Auth):
    """Marks requests that need a connection of their own, with this identity; adds no header."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The request as it is."""
        yield request


def _unusable(detail: str) -> dict[str, Json]:
    return error_object("authentication", detail)
