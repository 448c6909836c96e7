"""What holds for the objects of every installation."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support import operator_goldens as goldens
from support import operator_things as things
from tenantry.operator.render import objects
from tenantry.operator.render.wanted import Wanted
from tenantry.runtime import document

SOME = settings(max_examples=15)
LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
secret_texts = st.from_regex(r"~[!-}]{12,40}", fullmatch=True)  # nothing else of an installation looks like one


@st.composite
def installations(draw: st.DrawFn) -> Wanted:
    application = things.application(draw(st.sampled_from(goldens.APPLICATIONS)))
    return things.wanted(
        application,
        name=draw(labels),
        namespace=draw(labels),
        generation=draw(st.integers(1, 10**6)),
        facts=draw(st.sampled_from([things.EVERYTHING, things.PLAIN])),
        run_policy=draw(st.sampled_from(document.RunPolicy)),
        deletion_policy=draw(st.sampled_from(document.DeletionPolicy)),
        display_name=draw(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=40)),
        size=draw(st.sampled_from([size.name for size in application.spec.sizes])),
        version=draw(st.sampled_from([version.version for version in application.spec.versions])),
        secrets={"acme-generated": {each.name: draw(secret_texts) for each in application.spec.secrets}},
    )


def pods(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in found:
        if each["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield each["spec"]["template"]


@SOME
@given(installations())
def test_every_name_is_a_dns_label_and_there_once(wanted: Wanted) -> None:
    found = goldens.objects(wanted)
    own = [each for each in found if each["kind"] != "Namespace"]
    assert [each["metadata"]["name"] for each in own if not LABEL.fullmatch(each["metadata"]["name"])] == []
    identities = [(each["kind"], each["metadata"]["name"]) for each in found]
    assert len(identities) == len(set(identities))


@SOME
@given(installations())
def test_every_label_has_a_valid_value(wanted: Wanted) -> None:
    valid = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
    found = goldens.objects(wanted)
    sets = [each["metadata"]["labels"] for each in found] + [each["metadata"]["labels"] for each in pods(found)]
    assert [value for each in sets for value in each.values() if not valid.fullmatch(value)] == []


@SOME
@given(installations())
def test_every_pod_keeps_to_the_restricted_standard(wanted: Wanted) -> None:
    for pod in pods(goldens.objects(wanted)):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert not spec["automountServiceAccountToken"]
        assert all({"emptyDir", "projected", "persistentVolumeClaim"} & each.keys() for each in spec["volumes"])
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


@SOME
@given(installations())
def test_every_selector_matches_its_template(wanted: Wanted) -> None:
    for each in goldens.objects(wanted):
        if each["kind"] in {"Deployment", "StatefulSet"}:
            labels = each["spec"]["template"]["metadata"]["labels"]
            assert each["spec"]["selector"]["matchLabels"].items() <= labels.items()


@SOME
@given(installations())
def test_no_secret_is_outside_of_secrets(wanted: Wanted) -> None:
    secret = [
        *wanted.secrets["acme-generated"].values(),
        *(things.DATABASE[key] for key in ("password", "url")),
        *(things.BUCKET[key] for key in ("accessKey", "secretKey")),
        things.MAIL["password"],
    ]
    hidden = [base64.b64encode(value.encode()).decode() for value in secret]
    written = json.dumps([each for each in goldens.objects(wanted) if each["kind"] != "Secret"], ensure_ascii=False)
    assert [value for value in (*secret, *hidden) if json.dumps(value)[1:-1] in written] == []


@SOME
@given(installations())
def test_the_same_gives_the_same_bytes(wanted: Wanted) -> None:
    assert json.dumps(goldens.objects(wanted)) == json.dumps(goldens.objects(wanted))


@SOME
@given(installations(), installations())
def test_the_digest_differs_where_the_content_does(first: Wanted, second: Wanted) -> None:
    bare: dict[str, set[str]] = {}
    for each in (*goldens.objects(first), *goldens.objects(second)):
        annotations = dict(each["metadata"]["annotations"])
        digest = annotations.pop(objects.HASH)
        content = {**each, "metadata": {**each["metadata"], "annotations": annotations}}
        bare.setdefault(digest, set()).add(json.dumps(content, sort_keys=True))
    assert all(len(contents) == 1 for contents in bare.values())
    contents = [content for each in bare.values() for content in each]
    assert len(contents) == len(set(contents))


@SOME
@given(installations())
def test_everything_says_whose_it_is(wanted: Wanted) -> None:
    for each in goldens.objects(wanted):
        assert each["metadata"]["labels"][objects.INSTALLATION] == wanted.name
        owners = [owner["uid"] for owner in each["metadata"].get("ownerReferences", [])]
        is_kept = each["kind"] == "Namespace" or (
            each["kind"] == "PersistentVolumeClaim"
            and wanted.installation.spec.deletion_policy is document.DeletionPolicy.RETAIN
        )
        assert owners == ([] if is_kept else [things.UID])
