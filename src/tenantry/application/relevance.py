"""Which configuration files a program can be thought to read, so that only what has changed is started again.

These are the files whose path stands in its command, its environment or another such file.
"""

from collections.abc import Iterable, Sequence

from tenantry.application import rendering


def files_read(texts: Iterable[str], files: Sequence[rendering.File]) -> frozenset[str]:
    """Return the paths of the files that a program reads.

    Args:
        texts: its command and the values of its environment.
        files: all files of the installation.
    """
    text = "\0".join(texts)
    read = {file.path for file in files if file.path in text}
    while more := _named_in(files, read) - read:
        read |= more
    return frozenset(read)


def _named_in(files: Sequence[rendering.File], read: set[str]) -> set[str]:
    contents = [file.content for file in files if file.path in read]
    return {file.path for file in files if any(file.path in content for content in contents)}
