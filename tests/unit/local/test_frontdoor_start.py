"""What Caddy begins with."""

from pathlib import Path

import pytest

from tenantry.local import frontdoor_start


@pytest.mark.parametrize(
    ("content", "is_whole"), [('{"apps": {}}', True), ('{"apps": {', False), ("", False), ("{}", False)]
)
def test_only_a_whole_configuration_is_resumed(tmp_path: Path, content: str, is_whole: bool) -> None:
    saved = tmp_path / "autosave.json"
    saved.write_text(content)
    assert frontdoor_start.is_whole(saved) is is_whole


def test_none_is_not_whole(tmp_path: Path) -> None:
    assert frontdoor_start.is_whole(tmp_path / "none") is False
