import pytest

from tenantry.kubernetes import kinds


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (kinds.SECRET.path("a", "b"), "/api/v1/namespaces/a/secrets/b"),
        (kinds.SECRET.path(), "/api/v1/secrets"),
        (kinds.NAMESPACE.path(None, "a"), "/api/v1/namespaces/a"),
        (
            kinds.INSTALLATION.path("a", "b", "status"),
            "/apis/tenantry.dev/v1alpha1/namespaces/a/installations/b/status",
        ),
    ],
)
def test_paths_are_those_of_the_api_server(path: str, expected: str) -> None:
    assert path == expected


def test_every_kind_says_its_api_version() -> None:
    assert (kinds.SECRET.api_version, kinds.DEPLOYMENT.api_version) == ("v1", "apps/v1")
