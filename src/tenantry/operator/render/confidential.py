"""What of a program goes into a Secret, and how the pod gets it back: nobody who may read pods learns a secret.

A variable whose template reads a secret becomes a key of a Secret. A word of the command that reads one becomes a
variable too, which Kubernetes puts into the word's place when the container starts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenantry.application import confidentiality, manifest

_WORD = "TENANTRY_WORD_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program with its secrets taken out.

    Attributes:
        command: as a container has it: `$(NAME)` is filled in by Kubernetes, everything else is as it is.
        plain: variables that anybody may read.
        secret: variables that belong into a Secret.
    """

    command: tuple[str, ...]
    plain: Mapping[str, str]
    secret: Mapping[str, str] = field(repr=False)

    def environment(self, secret_name: str) -> list[dict[str, Any]]:
        """Return the variables as a container has them.

        Args:
            secret_name: the Secret that holds `secret`.
        """
        plain = [{"name": name, "value": escaped(value)} for name, value in self.plain.items()]
        secret = [
            {"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name, "key": name}}} for name in self.secret
        ]
        return [*secret, *plain]


def split(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    words: Sequence[manifest.Template],
    variables: Sequence[manifest.EnvironmentVariable],
) -> Program:
    """Take the secrets out of a program.

    Args:
        command: the words, filled in.
        environment: the variables, filled in.
        words: the templates of the words, in the same order.
        variables: the variables with their templates.
    """
    hidden = {each.name for each in variables if confidentiality.is_confidential(each.value)}
    secret_words = {
        index: f"{_WORD}{index}" for index, word in enumerate(words) if confidentiality.is_confidential(word)
    }
    return Program(
        command=tuple(
            f"$({secret_words[index]})" if index in secret_words else escaped(word)
            for index, word in enumerate(command)
        ),
        plain={name: value for name, value in environment.items() if name not in hidden},
        secret={name: value for name, value in environment.items() if name in hidden}
        | {name: command[index] for index, name in secret_words.items()},
    )


def escaped(text: str) -> str:
    """Return the text so that Kubernetes, which reads `$(NAME)` and `$$` specially, makes the same text of it."""
    return text.replace("$", "$$")
