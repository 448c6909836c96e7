"""What a manifest says for clusters alone is checked like everything else, and missing where it is not said."""

from collections.abc import Callable

import pytest

from tenantry.application import findings, manifest

Read = Callable[..., manifest.Application]

PACKAGE = """\
      package:
        pip:
          lock: |
            wiki==1.0 --hash=sha256:00
"""


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        (PACKAGE, "", "spec.versions[0].package", "A version needs a package or an image."),
        (
            "      volumes:\n        - name: data\n  jobs",
            "      metrics: {port: stats}\n  jobs",
            "spec.workloads[0].metrics.port",
            "There is no port of the workload “web” “stats”.",
        ),
        (
            "{cpu: 250m, memory: 256Mi}",
            "{replicas: 3, scale: {upTo: 2}}",
            "spec.sizes[0].workloads.web.scale.upTo",
            "“web” starts with more copies than it may have.",
        ),
    ],
)
def test_a_mistake_is_found(read: Read, old: str, new: str, key: str, message: str) -> None:
    with pytest.raises(findings.ManifestError) as caught:
        read(old, new)
    assert [finding.key for finding in caught.value.findings] == [key]
    assert message in str(caught.value)


def test_a_version_may_have_an_image_alone(read: Read) -> None:
    application = read(PACKAGE, "      image: registry.example.com/wiki@sha256:00\n")
    assert application.spec.versions[0].image == "registry.example.com/wiki@sha256:00"


def test_what_is_not_said_has_the_usual_value(wiki: manifest.Application) -> None:
    [first, *_] = wiki.spec.versions
    assert (first.image, first.image_package, first.image_user) == (None, "/usr/local", 10001)
    assert (wiki.spec.needs.web, wiki.spec.workloads[0].metrics) == (None, None)


def test_the_programs_of_an_image_are_never_roots(read: Read) -> None:
    with pytest.raises(findings.ManifestError, match="imageUser"):
        read(PACKAGE, "      image: registry.example.com/wiki\n      imageUser: 0\n")
