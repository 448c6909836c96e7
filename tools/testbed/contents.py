"""What goes into an image of a Python application: the system's Python and the environment that was prepared for it.

The environment is moved to where images have it, and every library of the system that it loads comes along.
of what this machine has, so they hold no more than runs here, and need no registry.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tenantry.local.packages import interpreters
from testbed.archive import Entry

PACKAGE = PurePosixPath("/usr/local")
"""Where an image has the environment of its application, unless its manifest says otherwise."""
USER = 10001
ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/tmp",  # noqa: S108 - of the container's own
    "PYTHONDONTWRITEBYTECODE": "1",
}

_LIBRARY = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x", re.MULTILINE)
_ELF = b"\x7fELF"
_TIMEOUT = 120
_LOADED_LATER = "libgcc_s.so.1"
"""Threads are cancelled with it; it is loaded when that happens, so no program names it."""
_UNUSED = frozenset({"dist-packages", "idlelib", "lib2to3", "test", "tkinter", "turtledemo", "sitecustomize.py"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python of this machine.

    Attributes:
        program: the program itself, links followed.
        library: folder of the standard library.
    """

    program: Path
    library: Path


async def interpreter(specifier: str) -> Interpreter:
    """Return a Python of this machine that fits and that everybody may read.

    Args:
        specifier: which versions fit, as `>=3.11`.

    Raises:
        NoInterpreterError: none fits.
    """
    chosen = await interpreters.choose(specifier, interpreters.candidates(), is_shared=True)
    library = chosen.path.parent.parent / "lib" / f"python{chosen.feature_version}"
    return Interpreter(program=chosen.path, library=library)


def system(interpreter: Interpreter) -> Sequence[Entry]:
    """Return the layer below every application: a Python, a shell, what they load, and what C libraries look up.

    Args:
        interpreter: readable for everybody.
    """
    modules = [each for each in sorted(interpreter.library.iterdir()) if each.name not in _UNUSED]
    shell = Path("/bin/sh").resolve()
    programs = [interpreter.program, shell]
    return [
        *root(),
        *map(entry, programs),
        Entry(path=PurePosixPath("/usr/bin/python3"), link=str(interpreter.program)),
        Entry(path=PurePosixPath("/usr/bin/sh"), link=str(shell)),
        *map(entry, modules),
        *libraries([*programs, *elf_files(interpreter.library)]),
    ]


def root() -> Sequence[Entry]:
    """Return what every image has: its folders, and what C libraries look up."""
    return [
        *(Entry(path=_at(f"/{each}"), link=f"usr/{each}") for each in ("bin", "lib", "lib64", "sbin")),
        *_looked_up(),
        Entry(path=PurePosixPath("/tmp"), mode=0o1777),  # noqa: S108 - of the image
    ]


def entry(source: Path) -> Entry:
    """Return a file or folder of this machine where an image has it."""
    return Entry(path=_at(source), source=source)


def application(environment: Path, base: Sequence[Entry], package: PurePosixPath = PACKAGE) -> Sequence[Entry]:
    """Return the layer of one application.

    Args:
        environment: a prepared environment, whose interpreter is that of the base.
        base: the layer below; libraries that it has are left out.
        package: where the environment is in the image.
    """
    programs = environment / "bin"
    there = {each.path for each in base}
    others = [each for each in sorted(environment.iterdir()) if each != programs and not each.name.startswith(".")]
    return [
        *(Entry(path=package / each.name, source=each) for each in others if each.name != "lib64"),
        *(_program(each, environment, package) for each in sorted(programs.iterdir())),
        *(each for each in libraries(elf_files(environment)) if each.path not in there),
    ]


def _program(program: Path, environment: Path, package: PurePosixPath) -> Entry:
    place = package / "bin" / program.name
    if program.is_symlink():
        return Entry(path=place, link=str(program.readlink()))
    content = program.read_bytes()
    first, separator, rest = content.partition(b"\n")
    if not first.startswith(f"#!{environment}".encode()):
        return Entry(path=place, source=program)
    moved = first.replace(str(environment).encode(), str(package).encode())
    return Entry(path=place, text=(moved + separator + rest).decode())


def _looked_up() -> Iterator[Entry]:
    users = f"root:x:0:0:root:/root:/usr/sbin/nologin\napplication:x:{USER}:{USER}::/tmp:/usr/sbin/nologin\n"
    groups = f"root:x:0:\napplication:x:{USER}:\n"
    texts = {"passwd": users, "group": groups, "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n"}
    for name, text in texts.items():
        yield Entry(path=PurePosixPath("/etc") / name, text=text, mode=0o644)
    for each in (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/usr/share/zoneinfo"), Path("/etc/mime.types")):
        if each.exists():
            yield entry(each)
    yield Entry(path=PurePosixPath("/usr/lib/ssl/cert.pem"), link="/etc/ssl/certs/ca-certificates.crt")


def libraries(programs: Sequence[Path]) -> Iterator[Entry]:
    """Yield the system's libraries that programs load, under the names by which they are asked for.

    Args:
        programs: programs and libraries of this machine.
    """
    if not programs:
        return
    answer = subprocess.run(["ldd", *programs], check=False, capture_output=True, text=True, timeout=_TIMEOUT)
    named = {Path(each) for each in _LIBRARY.findall(answer.stdout)}
    found = {
        each for each in named if each.is_relative_to("/lib") or each.is_relative_to("/usr/lib") or _is_loader(each)
    }
    folders = {each.parent for each in found}
    found |= {folder / _LOADED_LATER for folder in folders if (folder / _LOADED_LATER).exists()}
    for place, source in sorted({_at(each): each.resolve() for each in found}.items()):
        yield Entry(path=place, source=source)


def _is_loader(library: Path) -> bool:
    return library.parent == Path("/lib64")


def _at(path: Path | str) -> PurePosixPath:
    """Return where a path is in an image, whose `/bin`, `/lib`, `/lib64` and `/sbin` are links into `/usr`."""
    parts = PurePosixPath(path).parts
    is_merged = len(parts) > 2 and parts[1] in {"bin", "lib", "lib64", "sbin"}  # noqa: PLR2004 - root, folder, name
    return PurePosixPath("/usr", *parts[1:]) if is_merged else PurePosixPath(path)


def elf_files(folder: Path) -> list[Path]:
    """Return the libraries below a folder, each once."""
    found: Iterable[Path] = (each for each in sorted(folder.rglob("*.so*")) if each.is_file() and not each.is_symlink())
    return [each for each in found if _is_elf(each)]


def _is_elf(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(len(_ELF)) == _ELF
