"""The reference says what the commands say."""

import reference


def test_the_reference_is_current() -> None:
    assert reference.run(["--check"]) == 0


def test_every_exit_code_is_explained() -> None:
    assert all(text.endswith(".") for _, text in reference.exit_codes())


def test_every_command_and_every_parameter_is_explained() -> None:
    entries = list(reference.walk((), reference.typer_main.get_command(reference.main.app)))
    silent = [entry.words for entry in entries if not entry.command.help]
    mute = [
        (entry.words, each.name)
        for entry in entries
        for each in entry.command.params
        if not getattr(each, "help", None) and not getattr(each, "hidden", False)
    ]
    assert (silent, mute) == ([], [])
    assert len(entries) > 40
