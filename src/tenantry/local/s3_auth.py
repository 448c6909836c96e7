"""Answers rclone's questions about access keys: `PYTHON -I -S s3_auth.py ROOT`, one question on standard input.

rclone starts this for a key that it does not know yet and caches the answer for some minutes. It needs the standard
library only. An unknown key, or a name that is none, gets no answer and status 1: rclone then refuses the request.
"""

import json
import re
import sys
from pathlib import Path

ACCESS_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}")
"""What an access key looks like; it is a file name here, so nothing else may be looked up."""


def answer(root: Path, access_key: str) -> dict[str, str] | None:
    """Return the backend of a key for rclone; None where there is no such key."""
    if not ACCESS_KEY.fullmatch(access_key):
        return None
    try:
        key = json.loads((root / "keys" / f"{access_key}.json").read_bytes())
    except FileNotFoundError:
        return None
    return {"type": "local", "_root": key["folder"], "_secret_access_key": key["secretKey"]}


def main(arguments: list[str]) -> int:
    """Read the question, print the answer and return the exit status."""
    question = json.load(sys.stdin)
    found = answer(Path(arguments[1]), str(question.get("user", "")))
    if found is None:
        return 1
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
