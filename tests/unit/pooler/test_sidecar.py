"""One turn of what stands beside a pooler: state in, files and a load out; killed anywhere, the next one converges."""

from pathlib import Path

import pytest

from tenantry.client import poolers
from tenantry.kernel import errors
from tenantry.pooler import configuration, folder, sidecar
from tenantry.wire import poolers as wire


class Provisioner:
    """Has a configuration, or is away."""

    def __init__(self, known: wire.PoolerConfiguration) -> None:
        self.has = known
        self.is_away = False
        self.answered = 0

    async def configuration(self, server: str, *, known: str = "") -> poolers.Configured | None:
        assert server == "main"
        if self.is_away:
            raise errors.TemporaryError("The provisioner cannot be reached.")
        etag = f'"{hash(self.has.model_dump_json())}"'
        if known == etag:
            return None
        self.answered += 1
        return poolers.Configured(etag=etag, configuration=self.has)


class Bouncer:
    """Loads files, or is away, or is killed with whoever asks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loaded: list[str] = []
        self.fails: BaseException | None = None

    async def reload(self) -> None:
        if self.fails is not None:
            raise self.fails
        self.loaded.append((self.path / configuration.USERS).read_text())


@pytest.fixture
def provisioner(known: wire.PoolerConfiguration) -> Provisioner:
    return Provisioner(known)


@pytest.fixture
def bouncer(tmp_path: Path) -> Bouncer:
    return Bouncer(tmp_path)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def beside(provisioner: Provisioner, bouncer: Bouncer, told: list[str]) -> sidecar.Sidecar:
    return another(provisioner, bouncer, told)


def another(provisioner: Provisioner, bouncer: Bouncer, told: list[str]) -> sidecar.Sidecar:
    return sidecar.Sidecar(provisioner, "main", folder.Folder(bouncer.path), bouncer, told.append)


async def test_brings_what_is_new_once(
    beside: sidecar.Sidecar, provisioner: Provisioner, bouncer: Bouncer, told: list[str]
) -> None:
    for _ in range(3):
        await beside.turn()
    assert (provisioner.answered, len(bouncer.loaded)) == (1, 1)
    assert told == ["Written: 2 databases, 9 of 20 connections.", "PgBouncer has loaded it."]
    provisioner.has = provisioner.has.model_copy(update={"databases": []})
    await beside.turn()
    assert bouncer.loaded[1:] == [""]


async def test_another_etag_for_the_same_files_loads_nothing(
    beside: sidecar.Sidecar, provisioner: Provisioner, bouncer: Bouncer, told: list[str]
) -> None:
    await beside.turn()
    await another(provisioner, bouncer, told).turn()  # which knows no ETag yet
    assert (provisioner.answered, len(bouncer.loaded), len(told)) == (2, 1, 2)


async def test_a_provisioner_that_is_away_changes_nothing_and_is_told_of_once(
    beside: sidecar.Sidecar, provisioner: Provisioner, bouncer: Bouncer, told: list[str]
) -> None:
    await beside.turn()
    files = {each: each.read_bytes() for each in bouncer.path.iterdir()}
    provisioner.is_away = True
    for _ in range(3):
        await beside.turn()
    assert {each: each.read_bytes() for each in bouncer.path.iterdir()} == files
    assert told[2:] == ["The provisioner cannot be reached."]
    provisioner.is_away = False
    await beside.turn()
    assert told[3:] == ["All is well again."]
    assert len(bouncer.loaded) == 1


async def test_a_pooler_that_is_away_is_told_to_load_when_it_is_back(
    beside: sidecar.Sidecar, bouncer: Bouncer, told: list[str]
) -> None:
    bouncer.fails = errors.TemporaryError("The console does not answer.")
    await beside.turn()
    assert told == ["Written: 2 databases, 9 of 20 connections.", "The console does not answer."]
    bouncer.fails = None
    await beside.turn()
    assert len(bouncer.loaded) == 1


async def test_one_that_was_killed_before_the_load_is_followed_by_one_that_loads(
    beside: sidecar.Sidecar, provisioner: Provisioner, bouncer: Bouncer, told: list[str]
) -> None:
    bouncer.fails = SystemExit()
    with pytest.raises(SystemExit):
        await beside.turn()
    bouncer.fails, provisioner.is_away = None, True  # and nobody can be asked
    await another(provisioner, bouncer, told).turn()
    assert len(bouncer.loaded) == 1


async def test_what_somebody_else_changed_is_put_right(
    beside: sidecar.Sidecar, provisioner: Provisioner, bouncer: Bouncer
) -> None:
    await beside.turn()
    wanted = (bouncer.path / configuration.USERS).read_text()
    (bouncer.path / configuration.USERS).write_text('"root" ""')
    await beside.turn()
    assert provisioner.answered == 1
    assert (bouncer.path / configuration.USERS).read_text() == wanted
    assert set(bouncer.loaded) == {wanted}


async def test_a_folder_that_cannot_be_written_is_told_of_and_tried_again(
    beside: sidecar.Sidecar, bouncer: Bouncer, told: list[str]
) -> None:
    obstacle = bouncer.path / f".{configuration.USERS}.new"
    obstacle.mkdir()
    await beside.turn()
    assert told[0].startswith(f"{obstacle}: ")
    obstacle.rmdir()
    await beside.turn()
    assert bouncer.loaded


async def test_before_anything_was_written_nobody_is_asked_to_load(
    beside: sidecar.Sidecar, provisioner: Provisioner, bouncer: Bouncer, told: list[str]
) -> None:
    provisioner.is_away = True
    bouncer.fails = errors.TemporaryError("The console does not answer.")
    await beside.turn()
    assert told == ["The provisioner cannot be reached."]
