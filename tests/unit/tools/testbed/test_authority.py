"""Certificates say who somebody is, are signed by the authority, and end by themselves."""

import base64
from datetime import UTC, datetime

import yaml
from cryptography import x509

from tenantry.kernel import clock
from testbed import authority, kubeconfig

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def make() -> authority.Authority:
    return authority.Authority("test", clock.ManualClock(NOW))


def test_a_server_is_known_by_its_names_and_addresses() -> None:
    signer = make()
    pair = signer.server("kube-apiserver", names=["kubernetes.default"], addresses=["127.0.0.1"])
    served = x509.load_pem_x509_certificate(pair.certificate)
    names = served.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["kubernetes.default"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    served.verify_directly_issued_by(x509.load_pem_x509_certificate(signer.certificate))


def test_a_client_is_a_user_in_groups() -> None:
    certificate = x509.load_pem_x509_certificate(make().client("admin", ["system:masters"]).certificate)
    assert certificate.subject.rfc4514_string() == "CN=admin,O=system:masters"


def test_certificates_end_within_days() -> None:
    certificate = x509.load_pem_x509_certificate(make().client("admin").certificate)
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc <= NOW + authority.LIFETIME


def test_keys_are_not_shown() -> None:
    assert "PRIVATE" not in repr(make().client("admin"))


def test_a_kubeconfig_is_whole_in_one_file() -> None:
    signer = make()
    read = yaml.safe_load(kubeconfig.render("https://127.0.0.1:1", signer.certificate, kubeconfig.Token(value="t")))
    assert read["users"][0]["user"] == {"token": "t"}
    kept = read["clusters"][0]["cluster"]["certificate-authority-data"]
    assert base64.b64decode(kept) == signer.certificate


def test_a_kubeconfig_may_hold_a_certificate() -> None:
    signer = make()
    read = yaml.safe_load(kubeconfig.render("https://127.0.0.1:1", signer.certificate, signer.client("kwok")))
    assert sorted(read["users"][0]["user"]) == ["client-certificate-data", "client-key-data"]
