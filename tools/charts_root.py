"""Gathers the root file system of our image: this Python, our packages, and the libraries that they load. Nothing else.

    python3 charts_root.py PACKAGES DESTINATION

There is no shell in it, no package manager and no program but Python. Everything is compiled, since nobody can write
there. Only the standard library is used: it runs in the image's build, before anything of ours does.
"""

import compileall
import os
import py_compile
import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGES = Path("/opt/tenantry")
"""Where the image has our packages; its `PYTHONPATH`."""
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Whom its programs trust; also its `SSL_CERT_FILE`, since not every OpenSSL in it looks here by itself."""
USER = 10001
_UNUSED = (
    *("__pycache__", "config-*", "dist-packages", "ensurepip", "idlelib", "lib2to3", "site-packages"),
    *("sitecustomize.py", "test", "tests", "tkinter", "turtledemo", "*.a"),
)
_LIBRARY = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x", re.MULTILINE)
_LOADED_LATER = "libgcc_s.so.1"
"""Threads are cancelled with it; it is loaded when that happens, so no program names it."""
_MERGED = ("bin", "lib", "lib64", "sbin")
_TEXTS = {
    "passwd": f"root:x:0:0:root:/:/usr/sbin/nologin\ntenantry:x:{USER}:{USER}::/tmp:/usr/sbin/nologin\n",
    "group": f"root:x:0:\ntenantry:x:{USER}:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def gather(packages: Path, destination: Path) -> None:
    """Fill a folder.

    Args:
        packages: what pip installed with `--target`.
        destination: the folder, which must not exist.
    """
    interpreter, library = Path(sys.executable).resolve(), Path(sysconfig.get_path("stdlib"))
    destination.mkdir(mode=0o755)
    for name in _MERGED:
        (destination / "usr" / name).mkdir(mode=0o755, parents=True)
        (destination / name).symlink_to(f"usr/{name}")
    put(interpreter, destination)
    _link(at(Path("/usr/bin/python3"), destination), interpreter)
    shutil.copytree(library, at(library, destination), symlinks=False, ignore=shutil.ignore_patterns(*_UNUSED))
    ours = at(PACKAGES, destination)
    shutil.copytree(packages, ours, ignore=shutil.ignore_patterns("__pycache__", "bin", ".lock"))
    for each in libraries([interpreter, *_shared(library), *_shared(packages)]):
        put(each, destination)
    _put_looked_up(destination)
    compile_all((at(library, destination), ours), destination)


def at(path: Path, destination: Path) -> Path:
    """Return where a path of this system is in the folder, whose `/bin` and `/lib` are links into `/usr`."""
    parts = path.parts[1:]
    return destination.joinpath("usr" if parts[0] in _MERGED else "", *parts)


def put(path: Path, destination: Path) -> None:
    """Copy a file to its place, under the name by which it is asked for."""
    place = at(path, destination)
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        place.chmod(0o755)


def libraries(programs: Iterable[Path]) -> Iterator[Path]:
    """Yield the system's libraries that programs load, by the names under which they look for them."""
    answer = subprocess.run(["ldd", *programs], check=False, capture_output=True, text=True)
    found = {Path(each) for each in _LIBRARY.findall(answer.stdout)}
    system = {each for each in found if each.parts[1] in _MERGED or each.is_relative_to("/usr")}
    later = {each.parent / _LOADED_LATER for each in system}
    yield from sorted(system | {each for each in later if each.exists()})


def compile_all(folders: Iterable[Path], root: Path) -> None:
    """Compile everything, so that the same sources always give the same files, and none is looked at again."""
    for folder in folders:
        compileall.compile_dir(
            folder, quiet=2, workers=0, stripdir=root, prependdir="/",
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )  # fmt: skip


def _put_looked_up(destination: Path) -> None:
    """Put what C libraries and OpenSSL look for: users, where names are answered, authorities, time zones."""
    etc = destination / "etc"
    etc.mkdir(mode=0o755)
    for name, text in _TEXTS.items():
        (etc / name).write_text(text)
    place = at(AUTHORITIES, destination)
    place.parent.mkdir(parents=True)
    shutil.copyfile(AUTHORITIES, place)
    asked = Path(ssl.get_default_verify_paths().openssl_cafile)
    if asked != AUTHORITIES:
        _link(at(asked, destination), AUTHORITIES)
    if Path("/usr/share/zoneinfo").exists():
        shutil.copytree("/usr/share/zoneinfo", destination / "usr/share/zoneinfo", symlinks=True)
    scratch = destination / "tmp"
    scratch.mkdir()
    scratch.chmod(0o1777)


def _link(place: Path, target: Path) -> None:
    if not os.path.lexists(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def _shared(folder: Path) -> list[Path]:
    return [each for each in sorted(folder.rglob("*.so*")) if each.is_file() and not each.is_symlink()]


if __name__ == "__main__":
    os.umask(0o022)
    gather(Path(sys.argv[1]), Path(sys.argv[2]))
