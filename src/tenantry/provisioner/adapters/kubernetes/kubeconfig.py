"""Which kubeconfigs the provisioner takes from others: those that bring everything with them and run nothing.

Whoever may register clusters could otherwise have files of this machine read, or programs started, by naming them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import yaml

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.kubernetes import configuration

_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_PROGRAM = "exec"


class KubeconfigRefusedError(errors.CustomerMustActError):
    """The kubeconfig cannot be used here."""

    code = "kubeconfig-refused"
    status = 422
    hint = "`kubectl config view --raw --minify --flatten` writes one that has everything in it."


def finder(programs: Iterable[str] = ()) -> Callable[[str], str]:
    """Return what finds the API server's address in a kubeconfig, and refuses what must not be used.

    Args:
        programs: names of credential programs that may be run here, such as `aws`.
    """
    allowed = frozenset(programs)

    def find_server(text: str) -> str:
        _check(text, allowed)
        try:
            return configuration.from_text(text, clocks.SystemClock()).server
        except configuration.ConfigurationError as error:
            raise KubeconfigRefusedError(error.message, field="kubeconfig") from error

    return find_server


def _check(text: str, allowed: frozenset[str]) -> None:
    for mapping in _mappings(_parsed(text)):
        for key in _FILES:
            if key in mapping:
                raise KubeconfigRefusedError(f"It names a file of another machine (“{key}”).", field="kubeconfig")
        if (program := mapping.get(_PROGRAM)) is not None:
            command = cast("Mapping[str, Any]", program).get("command") if isinstance(program, dict) else program
            if command not in allowed:
                raise KubeconfigRefusedError(
                    f"It gets credentials by the program “{command}”, which may not be run here.",
                    hint="Allow it by TENANTRY_PROVISIONER_KUBECONFIG_PROGRAMS, or use a service account's token.",
                    field="kubeconfig",
                )


def _parsed(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise KubeconfigRefusedError("It is no YAML.", field="kubeconfig") from error


def _mappings(value: object) -> Iterable[Mapping[str, Any]]:
    """Yield every mapping, however deep."""
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        yield mapping
        for each in mapping.values():
            yield from _mappings(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _mappings(each)
