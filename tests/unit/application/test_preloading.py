import pytest

from support import tiny
from tenantry.application import findings, preloading, rules


def test_a_module_with_its_options_and_arguments() -> None:
    found = preloading.split(["{{ package.bin }}/python", "-I", "-u", "-m", "chat.server", "-m", "{{ files.main }}"])
    assert found == preloading.PythonProgram(
        interpreter="{{ package.bin }}/python",
        options=("-I", "-u"),
        module="chat.server",
        arguments=("-m", "{{ files.main }}"),
    )


@pytest.mark.parametrize(
    "command",
    [
        ["{{ package.bin }}/gunicorn", "-m", "chat"],
        ["{{ package.bin }}/python", "-c", "import chat"],
        ["{{ package.bin }}/python", "-W", "error", "-m", "chat"],
        ["{{ package.bin }}/python", "-X", "dev", "-m", "chat"],
        ["{{ package.bin }}/python", "server.py", "-m", "chat"],
        ["{{ package.bin }}/python", "-m"],
        ["{{ package.bin }}/python", "-m", "{{ settings.module }}"],
        ["{{ package.bin }}/python"],
    ],
)
def test_anything_else_is_not_understood(command: list[str]) -> None:
    assert preloading.split(command) is None


def test_a_manifest_cannot_promise_what_cannot_be_loaded() -> None:
    web = tiny.WEB | {"standby": {"imports": ["http.server"]}}
    with pytest.raises(findings.ManifestError, match="Python module of the package"):
        rules.check(tiny.application(workloads=[web, tiny.CLOCK]))
