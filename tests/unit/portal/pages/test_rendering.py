import shutil
from pathlib import Path

import pytest

from tenantry.portal.pages import rendering


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """Everything that pages need, as a wheel has it; what is built is stood in for by an empty file."""
    folder = tmp_path / "static"
    shutil.copytree(rendering.STATIC, folder, ignore=shutil.ignore_patterns("vendor"))
    (folder / "vendor").mkdir()
    for name in ("htmx.min.js", "htmx-ext-sse.min.js"):
        (folder / "vendor" / name).touch()
    return folder


class TestAssets:
    def test_all_there_gives_the_templates(self, static: Path) -> None:
        assert rendering.environment(static).get_template("base.html")

    @pytest.mark.parametrize("name", ["vendor/htmx.min.js", "css/portal.css", "icons.svg"])
    def test_a_missing_one_is_named_with_what_to_run(self, static: Path, name: str) -> None:
        (static / name).unlink()
        with pytest.raises(rendering.AssetsMissingError) as refused:
            rendering.environment(static)
        assert name in refused.value.message
        assert "tools/assets.py" in (refused.value.advice or "")
