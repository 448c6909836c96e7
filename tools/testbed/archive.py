"""Writes container images without a registry: an OCI layout in one archive, the same bytes for the same content.

A digest that does not change lets a test name an image by digest, as production does, and import it once.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CONFIGURATION = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing in an image: a file of this machine, text, a link, or a folder where nothing else is given.

    Attributes:
        path: absolute path in the image.
        source: the file or folder of this machine whose content it has; of a folder, everything below.
        text: content, where no source is given.
        link: what it points to, where it is a symbolic link.
        mode: permissions, where no source gives them.
    """

    path: PurePosixPath
    source: Path | None = None
    text: str | None = None
    link: str | None = None
    mode: int = 0o755


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What an image says of itself, and its content.

    Attributes:
        name: with a tag, as `registry.test/synapse:1.163.2`.
        layers: what is in it, the lowest first; a layer of several images is the same bytes in each.
        command: what it runs where nothing else is said.
        environment: for every program in it.
        user: number of the user and group that programs run as.
    """

    name: str
    layers: Sequence[Sequence[Entry]]
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    user: int = 10001


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An image that is a file.

    Attributes:
        name: with its tag.
        digest: of its manifest, as `sha256:…`.
        file: the archive.
    """

    name: str
    digest: str
    file: Path

    @property
    def reference(self) -> str:
        """The image by digest, as a manifest names it."""
        return f"{self.name.rpartition(':')[0]}@{self.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blob:
    kind: str
    digest: str
    size: int
    content: Path | bytes

    def described(self, **more: object) -> dict[str, Any]:
        return {"mediaType": self.kind, "digest": self.digest, "size": self.size, **more}


def write(image: Image, file: Path, *, architecture: str = "amd64") -> Written:
    """Write an image into an archive that a container runtime imports.

    Args:
        image: what it is.
        file: the archive, made anew; layers are kept beside it while it is written.
        architecture: of the programs in it, in the words of container images.
    """
    layers = [_layer(entries, file.with_suffix(f".layer{number}")) for number, entries in enumerate(image.layers)]
    try:
        manifest = _manifest(image, layers, architecture)
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": list(_names(image, manifest[0]))}
        with tarfile.open(file, "w") as archive:
            _add(archive, "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())
            _add(archive, "index.json", json.dumps(index).encode())
            for blob in {each.digest: each for each in (*manifest, *layers)}.values():
                _add(archive, f"blobs/sha256/{blob.digest.removeprefix('sha256:')}", blob.content)
    finally:
        for each in layers:
            Path(str(each.content)).unlink()
    return Written(name=image.name, digest=manifest[0].digest, file=file)


def _manifest(image: Image, layers: Sequence[_Blob], architecture: str) -> tuple[_Blob, _Blob]:
    configuration = _blob(
        _CONFIGURATION,
        {
            "architecture": architecture,
            "os": "linux",
            "config": {
                "User": f"{image.user}:{image.user}",
                "Env": [f"{name}={value}" for name, value in sorted(image.environment.items())],
                "Cmd": list(image.command),
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [each.digest for each in layers]},
        },
    )
    manifest = _blob(
        _MANIFEST,
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": configuration.described(),
            "layers": [each.described() for each in layers],
        },
    )
    return manifest, configuration


def _names(image: Image, manifest: _Blob) -> Iterable[dict[str, Any]]:
    by_digest = f"{image.name.rpartition(':')[0]}@{manifest.digest}"
    for name in (image.name, by_digest):
        yield manifest.described(annotations={"io.containerd.image.name": name})


def _blob(kind: str, content: object) -> _Blob:
    text = json.dumps(content, separators=(",", ":")).encode()
    return _Blob(kind=kind, digest=f"sha256:{hashlib.sha256(text).hexdigest()}", size=len(text), content=text)


def _layer(entries: Sequence[Entry], file: Path) -> _Blob:
    with file.open("wb") as raw, tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as layer:
        for each in sorted(entries, key=lambda entry: entry.path):
            _put(layer, each)
    with file.open("rb") as raw:
        digest = hashlib.file_digest(raw, "sha256").hexdigest()
    return _Blob(kind=_LAYER, digest=f"sha256:{digest}", size=file.stat().st_size, content=file)


def _put(layer: tarfile.TarFile, entry: Entry) -> None:
    name = str(entry.path).lstrip("/")
    if entry.source is not None:
        for path in (entry.source, *sorted(entry.source.rglob("*"))) if entry.source.is_dir() else (entry.source,):
            _put_file(layer, path, str(PurePosixPath(name, path.relative_to(entry.source))))
        return
    member = tarfile.TarInfo(name)
    member.mode = entry.mode
    if entry.link is not None:
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, entry.link, 0o777
        layer.addfile(member)
    elif entry.text is not None:
        content = entry.text.encode()
        member.size = len(content)
        layer.addfile(member, io.BytesIO(content))
    else:
        member.type = tarfile.DIRTYPE
        layer.addfile(member)


def _put_file(layer: tarfile.TarFile, path: Path, name: str) -> None:
    """Put one file as it is, but root's: who owns it on this machine is no matter of the image's."""
    if not (path.is_symlink() or path.is_file() or path.is_dir()):
        return
    member = layer.gettarinfo(path, name)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = int(member.mtime)
    if member.islnk():  # a second name of the same file, as far as this machine is concerned
        member.type, member.size = tarfile.REGTYPE, path.stat().st_size
    if member.isreg():
        with path.open("rb") as content:
            layer.addfile(member, content)
    else:
        layer.addfile(member)


def _add(archive: tarfile.TarFile, name: str, content: Path | bytes) -> None:
    member = tarfile.TarInfo(name)
    if isinstance(content, Path):
        member.size = content.stat().st_size
        with content.open("rb") as file:
            archive.addfile(member, file)
    else:
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
