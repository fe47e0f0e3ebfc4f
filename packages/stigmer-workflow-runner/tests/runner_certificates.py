"""A certificate authority for tests: certificates of a server and of its clients, and TLS that asks for both."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Issued:
    """A certificate and its key as PEM text."""

    certificate: str
    key: str


class Authority:
    """Issues certificates that are valid for an hour."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        builder = _builder(self._name, self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.certificate = builder.sign(self._key, hashes.SHA256()).public_bytes(PEM).decode()

    def issue(self, name: str, password: str = "") -> Issued:
        """A certificate for a server on this machine, or a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
        builder = _builder(_named(name), self._name, key).add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256()).public_bytes(PEM).decode()
        sealed = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
        return Issued(certificate, key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, sealed).decode())

    def server_tls(self, folder: Path) -> ssl.SSLContext:
        """TLS of a server that takes nobody without a certificate of this authority."""
        own = self.issue("server")
        path = folder / "server.pem"
        path.write_text(own.key + own.certificate)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=self.certificate)
        context.load_cert_chain(path)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def grpc_credentials(self) -> grpc.ServerCredentials:
        """The same for a gRPC server."""
        own = self.issue("server")
        pair = (own.key.encode(), own.certificate.encode())
        return grpc.ssl_server_credentials([pair], self.certificate.encode(), require_client_auth=True)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
    )
