"""The image's file: nobody can become more in it than an ordinary user, and what it takes is locked."""

import re
from pathlib import Path

import charts_image
import charts_root

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "deploy/container/Containerfile").read_text()
LAST = TEXT.rpartition("\nFROM ")[2]


def test_the_last_stage_has_nothing_below_it_and_an_ordinary_user() -> None:
    assert LAST.startswith("scratch\n")
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", LAST, re.MULTILINE)
    assert "RUN" not in LAST


def test_all_that_is_downloaded_is_locked_by_hash() -> None:
    for command in re.findall(r"pip install (?:.*\\\n)*.*", TEXT):
        assert "--require-hashes" in command or "--no-index" in command
    lock = charts_image.PACKAGES_LOCK.read_text()
    packages = re.findall(r"^([a-z][\w.-]*)==", lock, re.MULTILINE)
    assert "aiohttp" in packages
    assert len(re.findall(r"^    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)) >= len(packages)


def test_nothing_names_a_registry() -> None:
    lines = [each for each in TEXT.splitlines() if not each.startswith("#")]
    assert not re.search(r"\b[\w-]+\.(io|com|org|net)\b", "\n".join(lines))


def test_everything_that_is_copied_reaches_the_build() -> None:
    ignored = (ROOT / "deploy/container/Containerfile.dockerignore").read_text().splitlines()
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", TEXT, re.MULTILINE) for word in line.split()]
    assert (ignored[0], set(ignored[1:])) == ("*", {f"!{each}" for each in copied})


def test_variables_are_read_as_the_build_reads_them() -> None:
    assert charts_image.environment('ENV A=1 \\\n    B=2\nCMD ["x"]\n') == {"A": "1", "B": "2"}
    assert charts_image.environment(TEXT)["PYTHONPATH"] == "/opt/tenantry"


def test_every_openssl_in_it_finds_the_authorities() -> None:
    assert charts_image.environment(TEXT)["SSL_CERT_FILE"] == str(charts_root.AUTHORITIES)
