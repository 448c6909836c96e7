"""Keys of the object store, as files."""

from pathlib import Path

import pytest

from tenantry.local import s3_auth, s3_keys


def put(
    root: Path,
    access_key: str = "KEYONE",
    secret_key: str = "secret",  # noqa: S107 - opens nothing
    bucket: str = "first-bucket",
) -> None:
    s3_keys.put_key(root, access_key=access_key, secret_key=secret_key, bucket=bucket)


def test_a_key_opens_a_folder_with_its_bucket_and_cannot_change_the_folder(tmp_path: Path) -> None:
    put(tmp_path)
    found = s3_auth.answer(tmp_path, "KEYONE")
    assert found == {"type": "local", "_root": f"{tmp_path}/buckets/KEYONE", "_secret_access_key": "secret"}
    assert (tmp_path / "buckets/KEYONE/first-bucket").is_dir()
    assert (tmp_path / "buckets/KEYONE").stat().st_mode & 0o222 == 0
    assert (tmp_path / "keys/KEYONE.json").stat().st_mode & 0o777 == 0o600


def test_putting_again_changes_the_secret_and_keeps_the_objects(tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "buckets/KEYONE/first-bucket/object").write_text("kept")
    put(tmp_path, secret_key="another")
    answer = s3_auth.answer(tmp_path, "KEYONE")
    assert answer is not None
    assert answer["_secret_access_key"] == "another"
    assert (tmp_path / "buckets/KEYONE/first-bucket/object").read_text() == "kept"


def test_deletion_takes_everything_and_may_be_repeated(tmp_path: Path) -> None:
    put(tmp_path)
    assert s3_keys.has_key(tmp_path, access_key="KEYONE")
    s3_keys.delete_key(tmp_path, access_key="KEYONE")
    s3_keys.delete_key(tmp_path, access_key="KEYONE")
    assert not s3_keys.has_key(tmp_path, access_key="KEYONE")
    assert s3_auth.answer(tmp_path, "KEYONE") is None
    assert list((tmp_path / "buckets/KEYONE").iterdir()) == []
    assert (tmp_path / "buckets/KEYONE").stat().st_mode & 0o222 == 0
    put(tmp_path, access_key="KEYTWO")
    s3_keys.sweep(tmp_path)
    assert [folder.name for folder in (tmp_path / "buckets").iterdir()] == ["KEYTWO"]


@pytest.mark.parametrize("access_key", ["", "..", "../KEYONE", "a/b", "a.json", "a b", "ab", "-abc"])
def test_keys_that_are_no_names_are_never_looked_up(tmp_path: Path, access_key: str) -> None:
    put(tmp_path)
    assert s3_auth.answer(tmp_path, access_key) is None
    with pytest.raises(s3_keys.KeyInvalidError):
        put(tmp_path, access_key=access_key)
    with pytest.raises(s3_keys.KeyInvalidError):
        s3_keys.delete_key(tmp_path, access_key=access_key)


@pytest.mark.parametrize("bucket", ["", "ab", "..", "A-B-C", "a/b", "-abc", "abc-"])
def test_buckets_that_are_no_names_are_refused(tmp_path: Path, bucket: str) -> None:
    with pytest.raises(s3_keys.KeyInvalidError):
        put(tmp_path, bucket=bucket)
