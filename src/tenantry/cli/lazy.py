"""Groups whose commands are loaded when one of them is used, so that `tenantry --help` answers at once.

Loading the HTTP client takes longer than everything else that the command line does. Each command that speaks to the
provisioner takes `--context`, as the program itself does, so that the option may stand on either side of the noun.
"""

import importlib

from typer import core
from typer import main as typer_main
from typer._click import core as parsing  # Typer carries its parser along and has no public name for its types

from tenantry.cli import choice


def noun(module: str) -> type[core.TyperGroup]:
    """Return a class of group whose commands are those of `app` in the module, loaded at first use.

    Commands that the module names in `SPEAK_TO_NOBODY` take no context.
    """

    class Noun(core.TyperGroup):
        def list_commands(self, ctx: parsing.Context) -> list[str]:
            self._load()
            return super().list_commands(ctx)

        def get_command(self, ctx: parsing.Context, cmd_name: str) -> parsing.Command | None:
            self._load()
            return super().get_command(ctx, cmd_name)

        def _load(self) -> None:
            if self.commands:
                return
            loaded = importlib.import_module(module)
            silent: frozenset[str] = getattr(loaded, "SPEAK_TO_NOBODY", frozenset[str]())
            self.commands = typer_main.get_group(loaded.app).commands
            for name, command in self.commands.items():
                if name not in silent:
                    command.params.append(choice.option())

    return Noun
