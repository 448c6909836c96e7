"""The objects of the examples are those of the golden files, byte for byte; `make golden` renews them."""

import pytest

from support import operator_goldens as goldens


@pytest.mark.parametrize("name", goldens.NAMES)
def test_an_example_is_rendered_as_before(name: str) -> None:
    assert goldens.text(goldens.objects(goldens.case(name))) == (goldens.FOLDER / f"{name}.yaml").read_text("utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in goldens.FOLDER.iterdir()} == set(goldens.NAMES)
