"""What the programs of a control plane are told depends on whether pods are real."""

from pathlib import Path

import pytest

from tenantry.operator.render import facts
from testbed import control_plane, layout, names, node, nodes

PORTS: dict[str, int] = dict.fromkeys(
    ["etcd", "etcd-peers", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"], 20001
)
PRETENDED = layout.Layout(folder=Path("/somewhere"), ports=PORTS)
REAL = layout.Layout(folder=Path("/somewhere"), ports=PORTS, node_address="192.0.2.7")
PROGRAM = Path("/bin/program")


class TestApiServer:
    def test_it_is_on_loopback_alone_where_nothing_runs_in_pods(self) -> None:
        command = control_plane.api_server(PROGRAM, PRETENDED)
        assert "--bind-address=127.0.0.1" in command
        assert "--endpoint-reconciler-type=none" in command

    def test_pods_reach_it_at_the_port_that_policies_elsewhere_let_them_reach(self) -> None:
        command = control_plane.api_server(PROGRAM, REAL)
        assert "--advertise-address=192.0.2.7" in command
        assert "--bind-address=127.0.0.1" in command
        [port] = node.api_server()["ports"]
        assert port["port"] == 6443

    @pytest.mark.parametrize("made", [PRETENDED, REAL], ids=["pretended", "real"])
    def test_it_knows_roles_and_tokens(self, made: layout.Layout) -> None:
        command = control_plane.api_server(PROGRAM, made)
        assert "--authorization-mode=Node,RBAC" in command
        assert "--token-auth-file=/somewhere/secrets/tokens.csv" in command


def test_no_program_is_told_of_a_file_outside_its_folder() -> None:
    commands = [
        control_plane.etcd(PROGRAM, PRETENDED),
        control_plane.api_server(PROGRAM, PRETENDED),
        control_plane.controller_manager(PROGRAM, PRETENDED),
        control_plane.scheduler(PROGRAM, PRETENDED),
        control_plane.kwok(PROGRAM, PRETENDED, PRETENDED.folder / "stages.yaml"),
    ]
    files = [each.partition("=")[2] for command in commands for each in command if "=/" in each]
    assert files
    assert all(each.startswith("/somewhere/") for each in files)


class TestNodes:
    def test_a_pretended_node_has_the_room_that_it_is_said_to_have(self) -> None:
        made = nodes.rendered(nodes.Pretended(name="small", cpu="2", memory="4Gi", pods=7, labels={"zone": "a"}))
        assert made["status"]["allocatable"] == {"cpu": "2", "memory": "4Gi", "pods": "7"}
        assert made["metadata"]["labels"]["zone"] == "a"
        assert made["metadata"]["annotations"] == {nodes.ANNOTATION: "fake"}

    def test_nodes_that_are_alike_have_names_of_their_own(self) -> None:
        assert len({each.name for each in nodes.alike(60)}) == 60

    def test_a_volume_is_on_the_real_node_alone(self) -> None:
        spec = node.volume(3, Path("/there"))["spec"]
        [term] = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
        assert term["matchExpressions"][0]["values"] == [node.NAME]
        assert spec["local"] == {"path": "/there"}


def test_the_name_server_is_a_pod_that_every_installation_may_ask() -> None:
    made = {each.get("spec", {}).get("clusterIP", "pod"): each for _, each in names.objects("image") if "spec" in each}
    service, pod = made[layout.NAME_SERVICE], made["pod"]
    asked = facts.Facts().dns
    assert pod["metadata"]["namespace"] == asked.namespace
    assert pod["metadata"]["labels"] == service["spec"]["selector"] == asked.labels
