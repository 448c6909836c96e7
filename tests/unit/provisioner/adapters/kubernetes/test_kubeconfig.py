from typing import Any

import pytest
import yaml

from tenantry.provisioner.adapters import kubernetes
from tenantry.provisioner.adapters.kubernetes import kubeconfig

SERVER = "https://10.0.0.1:6443"
TOKEN = "swordfish-token"


def written(user: dict[str, Any], **cluster: Any) -> str:
    return yaml.safe_dump(
        {
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "one", "user": "me"}}],
            "clusters": [{"name": "one", "cluster": {"server": SERVER} | cluster}],
            "users": [{"name": "me", "user": user}],
        }
    )


def test_the_server_is_found() -> None:
    assert kubernetes.finder()(written({"token": TOKEN})) == SERVER


@pytest.mark.parametrize("key", ["client-certificate", "client-key", "tokenFile"])
def test_no_file_of_this_machine_is_read(key: str) -> None:
    with pytest.raises(kubeconfig.KubeconfigRefusedError, match=key):
        kubernetes.finder()(written({key: "/etc/shadow"}))


def test_no_authority_is_read_from_a_file_either() -> None:
    with pytest.raises(kubeconfig.KubeconfigRefusedError, match="certificate-authority"):
        kubernetes.finder()(written({"token": TOKEN}, **{"certificate-authority": "/etc/passwd"}))


def test_no_program_is_run_that_was_not_allowed() -> None:
    text = written({"exec": {"command": "/bin/sh", "args": ["-c", "id"]}})
    with pytest.raises(kubeconfig.KubeconfigRefusedError, match="/bin/sh"):
        kubernetes.finder(["aws"])(text)
    assert kubernetes.finder(["aws"])(written({"exec": {"command": "aws"}})) == SERVER


@pytest.mark.parametrize("text", ["{", "no mapping", "contexts: []", "current-context: nowhere"])
def test_what_is_no_kubeconfig_is_refused(text: str) -> None:
    with pytest.raises(kubeconfig.KubeconfigRefusedError):
        kubernetes.finder()(text)


def test_an_error_holds_no_secret() -> None:
    text = written({"token": TOKEN}).replace("server", "sever")
    with pytest.raises(kubeconfig.KubeconfigRefusedError) as refused:
        kubernetes.finder()(text)
    assert TOKEN not in f"{refused.value.message} {refused.value.advice}"
