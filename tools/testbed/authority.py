"""The certificates of one test cluster, made in memory: who it is, who serves, and who may ask.

Nothing is kept longer than the cluster; everything ends after some days by itself.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tenantry.kernel import clock as clocks

LIFETIME = timedelta(days=7)
_EARLIER = timedelta(hours=1)
"""Certificates begin before now, since clocks of machines differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its key, both as PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


class Authority:
    """Signs certificates of one cluster."""

    def __init__(self, name: str, clock: clocks.Clock) -> None:
        """Make a new authority.

        Args:
            name: common name, for people who look.
            clock: says when certificates begin.
        """
        self._clock = clock
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name, ())
        self._certificate = self._sign(
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_CA_USAGE, critical=True)
        )

    @property
    def certificate(self) -> bytes:
        """The authority's own certificate, as PEM."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def server(self, name: str, *, names: Sequence[str], addresses: Sequence[str]) -> Pair:
        """Return a pair for a server.

        Args:
            name: its common name.
            names: host names by which it is called.
            addresses: IP addresses by which it is called.
        """
        called = [*map(x509.DNSName, names), *(x509.IPAddress(ipaddress.ip_address(each)) for each in addresses)]
        return self._pair(_name(name, ()), ExtendedKeyUsageOID.SERVER_AUTH, called)

    def client(self, name: str, groups: Sequence[str] = (), *, lifetime: timedelta = LIFETIME) -> Pair:
        """Return a pair for a client: the API server takes the name as user and the organisations as groups."""
        return self._pair(_name(name, groups), ExtendedKeyUsageOID.CLIENT_AUTH, [], lifetime)

    def _pair(
        self,
        name: x509.Name,
        usage: x509.ObjectIdentifier,
        called: Sequence[x509.GeneralName],
        lifetime: timedelta = LIFETIME,
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, key.public_key(), lifetime)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if called:
            builder = builder.add_extension(x509.SubjectAlternativeName(called), critical=False)
        return Pair(certificate=self._sign(builder).public_bytes(serialization.Encoding.PEM), key=private(key))

    def _builder(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, lifetime: timedelta = LIFETIME
    ) -> x509.CertificateBuilder:
        now = self._clock.now()
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLIER)
            .not_valid_after(now + lifetime)
        )

    def _sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self._key, hashes.SHA256())


def account_keys() -> Pair:
    """Return a key pair, not a certificate, with which tokens of service accounts are signed and checked."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Pair(certificate=public, key=private(key))


def private(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a private key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


_CA_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def _name(common: str, groups: Sequence[str]) -> x509.Name:
    organisations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in groups]
    return x509.Name([*organisations, x509.NameAttribute(NameOID.COMMON_NAME, common)])
