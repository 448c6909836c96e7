"""The portal's process as it starts: what is missing is said in one line, before anything is changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import tenantry

SOURCE = Path(next(iter(tenantry.__path__)))


class TestStart:
    def test_without_its_browser_files_it_says_what_to_run(self, tmp_path: Path) -> None:
        shutil.copytree(SOURCE, tmp_path / "tenantry", ignore=shutil.ignore_patterns("vendor", "__pycache__"))
        secret = tmp_path / "secret"
        secret.write_text("0" * 64)
        given = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(tmp_path),
            "TENANTRY_PORTAL_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:9/nothing",
            "TENANTRY_PORTAL_PROVISIONER_URL": "http://127.0.0.1:9",
            "TENANTRY_PORTAL_PROVISIONER_TOKEN_FILE": str(secret),
            "TENANTRY_PORTAL_SECRET_FILE": str(secret),
        }
        ended = subprocess.run(
            [sys.executable, "-m", "tenantry.portal.server"],
            env=given, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode == 1
        assert "vendor/htmx.min.js" in ended.stderr
        assert "python tools/assets.py" in ended.stderr
        assert "Traceback" not in ended.stderr
