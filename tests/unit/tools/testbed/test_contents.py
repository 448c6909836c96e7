"""What an application's environment becomes in an image."""

from pathlib import Path, PurePosixPath

import pytest

from testbed import contents
from testbed.archive import Entry


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    folder = tmp_path / "prepared"
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    (folder / "lib64").symlink_to("lib")
    (folder / ".prepared").touch()
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (folder / "bin" / "python").symlink_to("/usr/bin/python3.11")
    (folder / "bin" / "tool").write_text(f"#!{folder}/bin/python\nprint()\n")
    (folder / "bin" / "plain").write_text("#!/bin/sh\n")
    return folder


def by_path(environment: Path) -> dict[str, Entry]:
    return {str(each.path): each for each in contents.application(environment, [])}


class TestApplication:
    def test_a_program_finds_its_python_where_the_image_has_it(self, environment: Path) -> None:
        assert by_path(environment)["/usr/local/bin/tool"].text == "#!/usr/local/bin/python\nprint()\n"

    def test_other_programs_stay_as_they_are(self, environment: Path) -> None:
        assert by_path(environment)["/usr/local/bin/plain"].source == environment / "bin" / "plain"

    def test_links_stay_links(self, environment: Path) -> None:
        assert by_path(environment)["/usr/local/bin/python"].link == "/usr/bin/python3.11"

    def test_what_only_the_cache_needs_is_left_out(self, environment: Path) -> None:
        assert set(by_path(environment)) == {
            "/usr/local/pyvenv.cfg", "/usr/local/lib", "/usr/local/bin/python", "/usr/local/bin/tool",
            "/usr/local/bin/plain",
        }  # fmt: skip

    def test_it_may_be_elsewhere(self, environment: Path) -> None:
        moved = contents.application(environment, [], PurePosixPath("/opt/app"))
        assert {"/opt/app/bin/tool", "/opt/app/lib"} <= {str(each.path) for each in moved}
