"""An image is the same bytes for the same content, and says by digest what is in it."""

import hashlib
import json
import os
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from testbed import archive


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "program").write_text("#!/bin/sh\n")
    (folder / "below" / "program").chmod(0o750)
    (folder / "link").symlink_to("below/program")
    os.link(folder / "below" / "program", folder / "twin")
    return folder


def image(tree: Path, **more: Any) -> archive.Image:
    entries = [
        archive.Entry(path=PurePosixPath("/opt/app"), source=tree),
        archive.Entry(path=PurePosixPath("/etc/passwd"), text="root:x:0:0\n", mode=0o644),
        archive.Entry(path=PurePosixPath("/tmp"), mode=0o1777),  # noqa: S108 - of the image
    ]
    return archive.Image(name="registry.test/app:1", layers=[entries], **more)


def read(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as opened:
        members = [(each, opened.extractfile(each)) for each in opened.getmembers()]
        return {each.name: content.read() for each, content in members if content is not None}


def layer(written: archive.Written) -> dict[str, tarfile.TarInfo]:
    blobs = read(written.file)
    manifest = json.loads(blobs[f"blobs/sha256/{written.digest.removeprefix('sha256:')}"])
    name = f"blobs/sha256/{manifest['layers'][0]['digest'].removeprefix('sha256:')}"
    file = written.file.with_suffix(".read")
    file.write_bytes(blobs[name])
    with tarfile.open(file) as opened:
        return {each.name: each for each in opened.getmembers()}


class TestWrite:
    def test_the_same_content_is_the_same_digest(self, tree: Path, tmp_path: Path) -> None:
        first = archive.write(image(tree), tmp_path / "first.tar")
        assert archive.write(image(tree), tmp_path / "second.tar").digest == first.digest

    def test_another_command_is_another_digest(self, tree: Path, tmp_path: Path) -> None:
        first = archive.write(image(tree), tmp_path / "first.tar")
        assert archive.write(image(tree, command=["/opt/app/link"]), tmp_path / "second.tar").digest != first.digest

    def test_blobs_are_what_their_names_say(self, tree: Path, tmp_path: Path) -> None:
        blobs = read(archive.write(image(tree), tmp_path / "image.tar").file)
        digests = {name: content for name, content in blobs.items() if name.startswith("blobs/")}
        assert len(digests) == 3
        assert all(hashlib.sha256(content).hexdigest() in name for name, content in digests.items())

    def test_it_is_found_by_name_and_by_digest(self, tree: Path, tmp_path: Path) -> None:
        written = archive.write(image(tree), tmp_path / "image.tar")
        index = json.loads(read(written.file)["index.json"])
        names = [each["annotations"]["io.containerd.image.name"] for each in index["manifests"]]
        assert names == ["registry.test/app:1", written.reference]
        assert written.reference == f"registry.test/app@{written.digest}"

    def test_files_are_roots_and_keep_their_permissions(self, tree: Path, tmp_path: Path) -> None:
        members = layer(archive.write(image(tree), tmp_path / "image.tar"))
        program = members["opt/app/below/program"]
        assert (program.mode, program.uid, program.uname) == (0o750, 0, "")
        assert members["tmp"].mode == 0o1777
        assert members["opt/app/link"].linkname == "below/program"

    def test_a_second_name_of_a_file_is_a_file(self, tree: Path, tmp_path: Path) -> None:
        members = layer(archive.write(image(tree), tmp_path / "image.tar"))
        assert members["opt/app/twin"].isreg()
        assert members["opt/app/twin"].size == members["opt/app/below/program"].size

    def test_nothing_is_left_beside_it(self, tree: Path, tmp_path: Path) -> None:
        archive.write(image(tree), tmp_path / "image.tar")
        assert sorted(each.name for each in tmp_path.iterdir()) == ["image.tar", "tree"]
