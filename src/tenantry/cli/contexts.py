"""Which provisioner a command speaks to: a named address and token, like kubectl's contexts.

The file belongs to its owner alone (0600), because it holds tokens. A stack that runs on this machine is found by the
file it leaves in its data directory, so that after `tenantry up` nothing needs to be set up.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pydantic
import yaml

from tenantry.kernel import errors


class ContextUnknownError(errors.NotFoundError):
    """There is no such context."""

    code = "context-unknown"
    hint = "`tenantry context list` shows those that there are."


class ContextMissingError(errors.CustomerMustActError):
    """No provisioner is known."""

    code = "context-missing"
    hint = "Start one here with `tenantry up`, or name one with `tenantry context set NAME --url … --token …`."


class ContextFileBrokenError(errors.CustomerMustActError):
    """The file of contexts cannot be read."""

    code = "context-file-broken"
    hint = "Mend the file, or remove it and set the contexts again."


class Context(pydantic.BaseModel):
    """An address and the token for it."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    name: str
    url: str
    token: str = pydantic.Field(default="", repr=False)


class Configuration(pydantic.BaseModel):
    """The file of contexts."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    current: str | None = None
    contexts: tuple[Context, ...] = ()

    def get(self, name: str) -> Context:
        """Return the context with this name."""
        for context in self.contexts:
            if context.name == name:
                return context
        raise ContextUnknownError(f"There is no context “{name}”.")

    def put(self, context: Context) -> "Configuration":
        """Return a configuration that has the context, in place of one with its name; a first one becomes current."""
        others = tuple(each for each in self.contexts if each.name != context.name)
        return Configuration(current=self.current or context.name, contexts=(*others, context))

    def remove(self, name: str) -> "Configuration":
        """Return a configuration without the context."""
        gone = self.get(name)
        others = tuple(each for each in self.contexts if each != gone)
        return Configuration(current=None if self.current == name else self.current, contexts=others)

    def use(self, name: str) -> "Configuration":
        """Return a configuration whose current context is this one."""
        return Configuration(current=self.get(name).name, contexts=self.contexts)


def file(environment: Mapping[str, str]) -> Path:
    """Return where the contexts are kept."""
    base = environment.get("XDG_CONFIG_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".config")
    return Path(base) / "tenantry" / "config.yaml"


def load(path: Path) -> Configuration:
    """Return the contexts in a file; none where there is no file."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
        return Configuration.model_validate(raw or {})
    except FileNotFoundError:
        return Configuration()
    except (yaml.YAMLError, pydantic.ValidationError, UnicodeDecodeError) as error:
        raise ContextFileBrokenError(f"{path} cannot be read as contexts.") from error


def save(path: Path, configuration: Configuration) -> None:
    """Write the contexts, whole or not at all, for the owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = yaml.safe_dump(configuration.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as beside:
        beside.write(text)  # made 0600 by tempfile
    Path(beside.name).replace(path)


def choose(name: str | None, environment: Mapping[str, str]) -> Context:
    """Return the provisioner to speak to.

    The first of these that is there: the context that was named; TENANTRY_URL with TENANTRY_TOKEN; the current
    context; the stack on this machine. TENANTRY_TOKEN replaces the token of any but a named one.

    Raises:
        ContextMissingError: there is none of them.
    """
    configuration = load(file(environment))
    if name is not None:
        return configuration.get(name)
    token = environment.get("TENANTRY_TOKEN", "")
    found = _from_environment(environment) or _current(configuration) or local_stack(environment)
    if found is None:
        raise ContextMissingError
    return found.model_copy(update={"token": token}) if token else found


def local_stack(environment: Mapping[str, str]) -> Context | None:
    """Return the stack on this machine, where one was brought up by this user."""
    path = data_directory(environment) / "cli.json"
    try:
        return LocalStack.model_validate_json(path.read_bytes()).context()
    except OSError:
        return None
    except pydantic.ValidationError as error:
        raise ContextFileBrokenError(f"{path} cannot be read as an address and a token.") from error


class LocalStack(pydantic.BaseModel):
    """What a stack leaves in its data directory for the command line."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")

    url: str
    token: str = pydantic.Field(repr=False)

    def context(self) -> Context:
        """Return it as a context."""
        return Context(name="local", url=self.url, token=self.token)


def data_directory(environment: Mapping[str, str]) -> Path:
    """Return the data directory of this machine's stack, by the same rule as `tenantry up`."""
    if given := environment.get("TENANTRY_DATA"):
        return Path(given)
    if os.geteuid() == 0:
        return Path("/var/lib/tenantry")
    base = environment.get("XDG_DATA_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".local/share")
    return Path(base) / "tenantry"


def _from_environment(environment: Mapping[str, str]) -> Context | None:
    url = environment.get("TENANTRY_URL")
    return Context(name="environment", url=url) if url else None


def _current(configuration: Configuration) -> Context | None:
    return configuration.get(configuration.current) if configuration.current else None
