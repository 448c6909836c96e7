"""A program reads the files that it names, and those that they name."""

from tenantry.application import relevance, rendering

FILES = (
    rendering.File(name="first", path="/c/first.yaml", content="include: /c/second.yaml"),
    rendering.File(name="second", path="/c/second.yaml", content="key: /c/key"),
    rendering.File(name="key", path="/c/key", content="0123"),
    rendering.File(name="other", path="/c/other.yaml", content="/c/first.yaml"),
)


def test_files_that_are_named_in_files_are_read_too() -> None:
    assert relevance.files_read(["--config=/c/first.yaml"], FILES) == {"/c/first.yaml", "/c/second.yaml", "/c/key"}


def test_who_names_none_reads_none() -> None:
    assert relevance.files_read(["serve"], FILES) == frozenset()
