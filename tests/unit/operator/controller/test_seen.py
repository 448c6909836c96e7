from datetime import UTC, datetime
from typing import Any

import pytest

from tenantry.kubernetes import kinds
from tenantry.operator.controller import keys, ownership, seen
from tenantry.operator.render import objects


def item(spec: dict[str, Any], status: dict[str, Any], **about: Any) -> kinds.Object:
    labels = {objects.INSTALLATION: "acme", objects.JOB: "smoke-check"}
    metadata = {"name": "x", "namespace": "n", "uid": "u", "resourceVersion": "5", "labels": labels, **about}
    return {"metadata": metadata, "spec": spec, "status": status}


def project(kind: kinds.Kind, spec: dict[str, Any], status: dict[str, Any], **about: Any) -> seen.Seen:
    return seen.projection(kind, ownership.Recall())(item(spec, status, **about))


def rollout(kind: kinds.Kind, spec: dict[str, Any], status: dict[str, Any], **about: Any) -> seen.Rollout:
    found = project(kind, spec, status, **about).about
    assert isinstance(found, seen.Rollout)
    return found


READY = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}


class TestRollout:
    def test_all_pods_of_the_newest_template_are_ready(self) -> None:
        assert rollout(kinds.DEPLOYMENT, {"replicas": 2}, READY, generation=3).is_complete

    @pytest.mark.parametrize(
        "status",
        [
            {**READY, "observedGeneration": 2},
            {**READY, "updatedReplicas": 1},
            {**READY, "readyReplicas": 1},
            {**READY, "replicas": 3},
            {},
        ],
    )
    def test_anything_less_is_not_complete(self, status: dict[str, Any]) -> None:
        assert not rollout(kinds.DEPLOYMENT, {"replicas": 2}, status, generation=3).is_complete

    def test_no_pods_are_wanted_and_none_are_there(self) -> None:
        found = rollout(kinds.DEPLOYMENT, {"replicas": 0}, {"observedGeneration": 3}, generation=3)
        assert found.is_still

    def test_a_pod_that_is_still_being_ended_runs(self) -> None:
        status = {"observedGeneration": 3, "terminatingReplicas": 1}
        assert not rollout(kinds.DEPLOYMENT, {"replicas": 0}, status, generation=3).is_still
        assert rollout(kinds.DEPLOYMENT, {"replicas": 2}, {**READY, **status}, generation=3).is_complete

    def test_a_controller_that_gives_up_says_so(self) -> None:
        conditions = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
        assert rollout(kinds.DEPLOYMENT, {}, {"conditions": conditions}).is_late

    @pytest.mark.parametrize(
        ("status", "is_complete"),
        [
            ({"replicas": 3, "updatedReplicas": 3, "readyReplicas": 2}, True),
            ({"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}, True),
            ({"replicas": 3, "updatedReplicas": 3, "readyReplicas": 1}, False),
            ({"replicas": 3, "updatedReplicas": 2, "readyReplicas": 3}, False),
            ({}, False),
        ],
    )
    def test_what_an_autoscaler_adds_need_not_be_ready(self, status: dict[str, Any], is_complete: bool) -> None:
        autoscaler = {"scaleTargetRef": {"name": "x"}, "minReplicas": 2, "maxReplicas": 5}
        known = [
            project(kinds.DEPLOYMENT, {"replicas": 3}, {"observedGeneration": 3, **status}, generation=3),
            project(kinds.AUTOSCALER, autoscaler, {}),
        ]
        found, _ = seen.scaled(known)
        assert isinstance(found.about, seen.Rollout)
        assert found.about.is_complete is is_complete

    def test_an_autoscaler_changes_nothing_of_what_it_does_not_scale(self) -> None:
        known = [
            project(kinds.DEPLOYMENT, {"replicas": 2}, READY, generation=3),
            project(kinds.STATEFUL_SET, {"replicas": 1}, {}, generation=3),
            project(kinds.AUTOSCALER, {"scaleTargetRef": {"name": "y"}, "minReplicas": 2}, {}),
            project(kinds.SECRET, {}, {}),
        ]
        assert list(seen.scaled(known)) == known

    @pytest.mark.parametrize("name", ["acme-web-5d8f-x2k4p", "acme-web-5d8f-9bq7z"])
    def test_a_refused_pod_is_told_the_same_whatever_its_name(self, name: str) -> None:
        message = f'pods "{name}" is forbidden: exceeded quota: none'
        conditions = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}]
        assert rollout(kinds.DEPLOYMENT, {}, {"conditions": conditions}).refused == "exceeded quota: none"

    def test_a_stateful_set_without_an_update_under_way_is_of_one_revision(self) -> None:
        status = {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "currentRevision": "a"}
        assert rollout(kinds.STATEFUL_SET, {"replicas": 1}, {**status, "updateRevision": "a"}, generation=1).is_complete
        assert not rollout(
            kinds.STATEFUL_SET, {"replicas": 1}, {**status, "updateRevision": "b"}, generation=1
        ).is_complete


class TestJob:
    def job(self, **status: Any) -> seen.Job:
        found = seen.projection(kinds.JOB, ownership.Recall())(
            item({}, status, annotations={seen.ATTEMPT: "a.0"})
        ).about
        assert isinstance(found, seen.Job)
        return found

    def test_without_a_condition_it_runs(self) -> None:
        assert (self.job(active=1).outcome, self.job().attempt, self.job().name) == (
            seen.Outcome.RUNNING,
            "a.0",
            "smoke-check",
        )

    def test_it_succeeds_or_fails_with_a_reason(self) -> None:
        at = "2026-01-01T00:00:00Z"
        done = self.job(conditions=[{"type": "Complete", "status": "True", "lastTransitionTime": at}])
        failed = self.job(
            conditions=[
                {"type": "Failed", "status": "True", "lastTransitionTime": at, "reason": "DeadlineExceeded"},
            ]
        )
        assert (done.outcome, done.ended_at) == (seen.Outcome.SUCCEEDED, datetime(2026, 1, 1, tzinfo=UTC))
        assert (failed.outcome, failed.why) == (seen.Outcome.FAILED, "DeadlineExceeded")


class TestSeen:
    def test_a_namespace_belongs_to_the_installation_within_it(self) -> None:
        given = item({}, {})
        del given["metadata"]["namespace"]
        found = seen.projection(kinds.NAMESPACE, ownership.Recall())(given)
        assert (found.key, found.owner) == (keys.Key("", "x"), keys.Key("x", "acme"))

    def test_only_the_version_may_differ_in_what_is_equal(self) -> None:
        project = seen.projection(kinds.SECRET, ownership.Recall())
        assert project(item({}, {})) == project(item({}, {}, resourceVersion="6"))
        assert project(item({}, {})) != project(item({}, {}, deletionTimestamp="2026-01-01T00:00:00Z"))

    def test_what_has_no_owner_stays_when_the_installation_goes(self) -> None:
        project = seen.projection(kinds.VOLUME_CLAIM, ownership.Recall())
        assert project(item({}, {})).is_kept
        assert not project(item({}, {}, ownerReferences=[{"uid": "o"}])).is_kept


class TestDatabase:
    @pytest.mark.parametrize(
        ("status", "is_there", "message"),
        [
            ({}, False, ""),
            ({"applied": True, "observedGeneration": 2}, True, ""),
            ({"applied": True, "observedGeneration": 1}, False, ""),
            ({"applied": False, "message": "no such role"}, False, "no such role"),
            (
                {
                    "applied": False,
                    "message": "database object reconciliation failed",
                    "extensions": [{"name": "postgis", "applied": False, "message": "not available"}],
                },
                False,
                "database object reconciliation failed; postgis: not available",
            ),
        ],
    )
    def test_it_is_there_when_its_operator_says_so_of_what_is_wanted_now(
        self, status: dict[str, Any], is_there: bool, message: str
    ) -> None:
        given = item({"cluster": {"name": "pg"}, "owner": "app"}, status)
        given["metadata"]["generation"] = 2
        found = seen.projection(kinds.DATABASE, ownership.Recall())(given).about
        claim = seen.Claim(cluster="pg", role="app")
        assert found == seen.Supply(is_there=is_there, message=message, claim=claim)
