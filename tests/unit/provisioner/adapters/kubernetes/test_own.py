from pathlib import Path

import pytest

from tenantry.kernel import errors
from tenantry.provisioner.adapters.kubernetes import own

POD = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """What kubelet mounts into a pod with an account."""
    for name, text in {"token": "t0", "ca.crt": "AUTHORITY", "namespace": "shop"}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_server_is_that_of_the_pod(account: Path) -> None:
    assert own.find_server(POD, folder=account) == "https://10.96.0.1:443"


async def test_the_way_is_that_of_the_account(account: Path) -> None:
    known = own.known(POD, folder=account)
    assert known.authority == "AUTHORITY"
    assert (await known.credentials.current()).token == "t0"
    (account / "token").write_text("t1")
    known.credentials.refused()
    assert (await known.credentials.current()).token == "t1"


@pytest.mark.parametrize("environment", [{}, POD], ids=["no pod", "no account"])
def test_a_provisioner_without_an_account_says_so_at_once(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(own.NoOwnClusterError, match="no account") as refused:
        own.find_server(environment, folder=tmp_path)
    assert (refused.value.code, refused.value.status) == ("no-own-cluster", 422)
    assert "ownCluster" in (refused.value.advice or "")


def test_an_account_that_is_lost_is_a_matter_of_waiting(tmp_path: Path) -> None:
    with pytest.raises(errors.TemporaryError, match="own cluster") as lost:
        own.known(POD, folder=tmp_path)
    assert lost.value.code == "own-cluster-lost"
