"""The object store of one machine: rclone's S3 server with a folder for each access key.

Right for a laptop and said plainly: content types and the metadata of objects are kept in memory only, and there are no
versions. A key's answer is cached by rclone for up to five minutes, so a new secret for a known key takes that long.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from tenantry.local import executable, program, s3_auth, s3_keys

REGION = "us-east-1"
"""The region that every client is told; rclone accepts any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStore:
    """Where the object store keeps its things and listens."""

    root: Path
    port: int
    log_file: Path

    @property
    def endpoint(self) -> str:
        """The address for S3 clients on this machine."""
        return f"http://127.0.0.1:{self.port}"


def create_folders(store: ObjectStore) -> None:
    """Make the folders of keys and buckets, and remove what deleted keys have left."""
    for name in ("keys", "buckets", "state"):
        (store.root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    s3_keys.sweep(store.root)


def spec(store: ObjectStore) -> program.ProgramSpec:
    """Return rclone as a program."""
    root = program.check_path(store.root)
    answerer = f"{program.check_path(Path(sys.executable))} -I -S {Path(s3_auth.__file__)} {root}"
    options = ("--auth-proxy", answerer, "--addr", f"127.0.0.1:{store.port}", "--vfs-cache-mode", "off")
    # Other writers (a bucket that is made, a key that is deleted) are soon seen. Never zero: rclone 1.75 then renews
    # its cache without a pause, millions of times, until it locks itself out and answers no request any more.
    caching = ("--dir-cache-time", "10s", "--poll-interval", "0")
    return program.ProgramSpec(
        name="objectstore",
        command=[str(executable.find("rclone")), "serve", "s3", *options, *caching, "--no-cleanup"],
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(root / "state"),
            "RCLONE_CONFIG": "/dev/null",
            "RCLONE_CACHE_DIR": str(root / "state"),
        },
        directory=root / "state",
        log_file=store.log_file,
        open_files=16384,
        start_time=executable.START_TIME,
    )
