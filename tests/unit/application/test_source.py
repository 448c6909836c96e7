"""What is wrong with a manifest is said with file, line and key, all of it at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.application import findings, manifest, source

Read = Callable[..., manifest.Application]


def test_a_right_manifest_is_read(wiki: manifest.Application) -> None:
    assert wiki.metadata.name == "wiki"
    assert [version.version for version in wiki.spec.versions] == ["1.0", "1.1", "2.0"]


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("maxRequestSize: 5Mi", "maxRequestsize: 5Mi", "spec.route.maxRequestsize", "Did you mean “maxRequestSize”?"),
        ("maxRequestSize: 5Mi", "max_request_size: 5Mi", "spec.route.max_request_size", "mean “maxRequestSize”?"),
        ('version: "1.0"', "version: 1.0", "spec.versions[0].version", 'Put quotes around it: "1.0".'),
        (
            "memory: 256Mi",
            "memory: 256MB",
            "spec.sizes[0].workloads.web.memory",
            "It must look like “500m” or “512Mi”.",
        ),
        ("kind: Application", "kind: App", "kind", "Expected is 'Application'; here stands 'App'."),
        ("  title: Wiki\n", "", "spec.title", "The key “title” is missing."),
        ("workload: web", "workload: wep", "spec.route.workload", "There is no workload “wep”. Did you mean “web”?"),
        ("    port: http\n", "    port: https\n", "spec.route.port", "Did you mean “http”?"),
        ("{port: http,", "{port: htp,", "spec.workloads[0].readiness.http.port", "Did you mean “http”?"),
        ("        - name: data\n  jobs", "        - name: date\n  jobs", "spec.workloads[0].volumes[0].name", "“data”"),
        ("web: {cpu", "wob: {cpu", "spec.sizes[0].workloads.wob", "Did you mean “web”?"),
        ('upgradesFrom: ["1.0"]', 'upgradesFrom: ["1"]', "spec.versions[1].upgradesFrom[0]", "There is no version “1”"),
        (
            'upgradesFrom: ["1.0"]',
            'upgradesFrom: ["1.1"]',
            "spec.versions[1].upgradesFrom[0]",
            "does not follow itself",
        ),
        ("- name: session", "- name: session\n    - name: session", "spec.secrets[1].name", "“session” is here twice"),
        ("path: wiki.toml", "path: tenantry/database-ca.pem", "spec.files[0].path", "is written by tenantry"),
        ("path: wiki.toml", "path: tenantry/bucket-ca.pem", "spec.files[0].path", "is written by tenantry"),
        (" --hash=sha256:00", "", "spec.versions[0].package.pip.lock", "“wiki” has no hash."),
        ("wiki==1.0", "wiki>=1.0", "spec.versions[0].package.pip.lock", "is not a pinned package"),
        ("wiki==1.0", "--index-url==x", "spec.versions[0].package.pip.lock", "is not a pinned package"),
        ("database.url", "database.uri", "spec.files[0].content", "“database.uri” is not defined. Did you mean"),
        ("secrets.session", "secrets.sesion", "spec.workloads[0].environment[0].value", "mean “secrets.session”?"),
        ("endpoints.http", "1 // 0", "spec.jobs.firstAdministrator.command[2]", "ZeroDivisionError"),
        ("        default: false", "        default: 7", "spec.settings.properties.public.default", "its own schema"),
        ("        default: false\n", "", "spec.settings.properties.public", "has no default"),
        ("    type: object", "    type: text", "spec.settings.type", "no JSON Schema"),
        ("  title: Wiki", "  icon: hello\n  title: Wiki", "spec.icon", "inline SVG"),
        (
            "          lock: |",
            '          python: "3.x"\n          lock: |',
            "spec.versions[0].package.pip.python",
            "spec",
        ),
        ("  title: Wiki", "  title: Wiki\n  title: Again", "spec.title", "here twice"),
    ],
)
def test_a_mistake_is_found(read: Read, old: str, new: str, key: str, message: str) -> None:
    with pytest.raises(findings.ManifestError) as caught:
        read(old, new)
    assert [finding.key for finding in caught.value.findings] == [key]
    assert message in str(caught.value)
    assert str(caught.value).startswith("wiki.yaml:")


def test_the_line_is_that_of_the_mistake(read: Read, line_of: Callable[[str], int]) -> None:
    with pytest.raises(findings.ManifestError) as caught:
        read("workload: web", "workload: wep")
    assert caught.value.findings[0].line == line_of("workload: web")


def test_a_template_in_a_block_is_found_on_its_own_line(read: Read, line_of: Callable[[str], int]) -> None:
    with pytest.raises(findings.ManifestError) as caught:
        read("database.url", "database.uri")
    assert caught.value.findings[0].line == line_of("database.url")


def test_several_mistakes_are_said_at_once_in_the_order_of_the_file(read: Read) -> None:
    text = "    workload: web\n    port: http\n    maxRequestSize: 5Mi"
    with pytest.raises(findings.ManifestError) as caught:
        read(text, "    workloat: web\n    port: http\n    maxSize: 5Mi")
    lines = [finding.line for finding in caught.value.findings]
    assert len(lines) == 3
    assert lines == sorted(line for line in lines if line)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "x.yaml:1: This is not YAML"),
        ("a: b: c", "needs quotes around it"),
        ("a:\n\tb: 1", "never by tabs"),
        ("", "The file is empty."),
        ("just text", "x.yaml:1"),
    ],
)
def test_what_is_no_manifest_at_all_is_refused(text: str, message: str) -> None:
    with pytest.raises(findings.ManifestError) as caught:
        source.parse(text, file="x.yaml")
    assert message in str(caught.value)


def test_a_lock_file_is_taken_in(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "examples/applications/ihatemoney/application.yaml").read_text()
    (tmp_path / "application.yaml").write_text(text)
    with pytest.raises(findings.ManifestError, match=r"There is no readable file “locks/7.1.1.txt”"):
        source.read(tmp_path / "application.yaml")
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/7.1.1.txt").write_text("ihatemoney==7.1.1 --hash=sha256:00\n")
    (tmp_path / "locks/7.2.1.txt").write_text("ihatemoney==7.2.1 --hash=sha256:00\n")
    pip = source.read(tmp_path / "application.yaml").spec.versions[-1].package.pip
    assert pip is not None
    assert pip.lock == "ihatemoney==7.2.1 --hash=sha256:00\n"
    assert pip.lock_file is None


@pytest.mark.parametrize("name", ["synapse", "ihatemoney"])
def test_the_examples_are_right(name: str) -> None:
    path = Path(__file__).parents[3] / "examples" / "applications" / name / "application.yaml"
    assert source.read(path).metadata.name == name
