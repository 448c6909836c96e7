"""Make the virtual environment with nothing but a Python, and say what is missing where that cannot be done.

Runs on the system's own Python, so it imports the standard library only. Some distributions ship Python without
`ensurepip`; then the system's pip fills the environment, if there is one.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

HELP = """This Python ({python}) has neither ensurepip nor pip, so no environment can be made with it.
On Debian and Ubuntu: apt-get install python3-venv. Or choose another Python: make PYTHON=…"""


def main(folder: Path) -> int:
    """Make the environment and return an exit code."""
    if has("ensurepip"):
        return run([sys.executable, "-m", "venv", str(folder)])
    if not has("pip"):
        print(HELP.format(python=sys.executable), file=sys.stderr)
        return 1
    made = run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    python = str(folder / "bin" / "python")
    return made or run([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "pip"])


def has(module: str) -> bool:
    """Tell whether this Python has the module."""
    return importlib.util.find_spec(module) is not None


def run(command: list[str]) -> int:
    """Run a command and return its exit code."""
    return subprocess.run(command, check=False, timeout=300).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
