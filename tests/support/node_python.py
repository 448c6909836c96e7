"""Pods of a real node that are nothing but a Python, and questions asked from inside of any pod that has one."""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from testbed import archive, contents, images
from testbed import cluster as clusters
from testbed.api import Object

PYTHON = "/usr/bin/python3"
SERVING = """
import signal, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"hello")
for port in sys.argv[1:]:
    threading.Thread(target=HTTPServer(("", int(port)), Handler).serve_forever, daemon=True).start()
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
signal.pause()
"""
"""Answers on each of the ports that are its arguments."""
LOOKED_UP = 0
"""In the place of a port: whether the host's name is known."""
_ASKING = f"""
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def is_reached(target):
    host, port = target
    try:
        if port == {LOOKED_UP}:
            return bool(socket.gethostbyname(host))
        socket.create_connection((host, port), timeout=3).close()
    except OSError:
        return False
    return True
targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps([name for name, found in zip(targets, pool.map(is_reached, targets.values())) if found]))
"""

Targets = Mapping[str, tuple[str, int]]
"""What may be reached or not, by what it is called: host and port."""


async def image(up: clusters.Cluster) -> str:
    """Give the node an image with nothing but a Python, which is its package too, and return its reference."""
    layer = contents.system(await contents.interpreter(">=3.11"))
    package = [archive.Entry(path=contents.PACKAGE / "bin/python", link=PYTHON)]
    made = archive.Image(name="registry.test/python:3", layers=[layer, package], environment=contents.ENVIRONMENT)
    with tempfile.TemporaryDirectory() as folder:
        written = archive.write(made, Path(folder) / "python.tar")
        await images.load(up.real_node, [written])
    return written.reference


def pod(image: str, code: str, *arguments: str, name: str = "main", **container: Any) -> Object:
    """Return a pod that runs Python under the strictest of Kubernetes' standards.

    Args:
        image: with a Python.
        code: what it runs.
        arguments: of the code.
        name: of the pod, and its label `app`.
        container: further parts of its only container.
    """
    restricted = {
        "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True,
    }  # fmt: skip
    command = [PYTHON, "-u", "-c", code, *arguments]
    program = {"name": "main", "image": image, "command": command, "securityContext": restricted}
    security = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, "fsGroup": contents.USER}
    return {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "containers": [{**program, **container}],
            "securityContext": security,
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
        },
    }


async def reached(up: clusters.Cluster, kubectl: Path, pod: tuple[str, str], targets: Targets) -> set[str]:
    """Return what a pod reaches, asked from inside.

    Args:
        up: the cluster.
        kubectl: the program.
        pod: its namespace and name.
        targets: what is tried.
    """
    namespace, name = pod
    command = [f"--kubeconfig={up.kubeconfig}", f"--namespace={namespace}", "exec", name, "--"]
    process = await asyncio.create_subprocess_exec(
        kubectl, *command, "python3", "-c", _ASKING, json.dumps(targets),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return set(json.loads(output))
