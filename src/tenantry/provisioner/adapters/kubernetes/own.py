"""The cluster in which the provisioner itself runs: reached by the service account of its own pod."""

import os
from collections.abc import Mapping
from pathlib import Path

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.kubernetes import configuration


class NoOwnClusterError(errors.CustomerMustActError):
    """The provisioner has no cluster of its own."""

    code = "no-own-cluster"
    status = 422
    hint = "Install its chart with `provisioner.ownCluster.enabled`, or register the cluster by a kubeconfig."


class OwnClusterLostError(errors.TemporaryError):
    """A cluster was registered as the provisioner's own, and this process has no account there (any more)."""

    code = "own-cluster-lost"


def find_server(environment: Mapping[str, str] = os.environ, *, folder: Path = configuration.SERVICE_ACCOUNT) -> str:
    """Return the address of our own cluster's API server.

    Args:
        environment: this process's variables.
        folder: where a pod has its account.

    Raises:
        NoOwnClusterError: this is no pod, or it was given no account.
    """
    try:
        return _found(environment, folder).server
    except configuration.ConfigurationError as error:
        raise NoOwnClusterError(f"The provisioner has no account in a cluster. {error.message}") from error


def known(
    environment: Mapping[str, str] = os.environ, *, folder: Path = configuration.SERVICE_ACCOUNT
) -> configuration.Configuration:
    """Return the way to our own cluster; its token is read anew while it is used.

    Raises:
        OwnClusterLostError: there is none for this process; another may have it, and so may this one when it is back.
    """
    try:
        return _found(environment, folder)
    except configuration.ConfigurationError as error:
        raise OwnClusterLostError(
            f"It was registered as the provisioner's own cluster, where this process has no account. {error.message}"
        ) from error


def _found(environment: Mapping[str, str], folder: Path) -> configuration.Configuration:
    return configuration.from_service_account(environment, clocks.SystemClock(), folder=folder)
