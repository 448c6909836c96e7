"""A tiny real application: a web server of the standard library that can misbehave in every way we need."""

from typing import Any

from tenantry.application import manifest
from tenantry.runtime import document

SERVER = """
import http.server, os, pathlib, sys, time
data = pathlib.Path(os.environ["DATA"])
mode = pathlib.Path(os.environ["CONFIG"]).read_text().strip()
with (data / "starts").open("a") as starts: print(os.environ["VERSION"], file=starts)
print("starting with", mode, os.environ["PASSWORD"], flush=True)
if mode == "crash": sys.exit("cannot begin: no such table")
if mode == "hang": time.sleep(3600)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_sick = self.path == "/health" and (data / "sick").exists()
        if self.path == "/crash": os._exit(3)
        if self.path == "/sick": (data / "sick").touch()
        told = f"{os.environ['VERSION']} {mode} {os.getuid()} {self.headers['Host']}"
        self.send_response(500 if is_sick else 200)
        self.end_headers()
        self.wfile.write((os.environ["PASSWORD"] if self.path == "/password" else told).encode())
    def log_message(self, *_): pass
(data / "sick").unlink(missing_ok=True)
http.server.HTTPServer((os.environ["LISTEN"], int(os.environ["PORT"])), Handler).serve_forever()
"""

NOTE = """
import os, pathlib, sys
word = sys.argv[1]
data = pathlib.Path(os.environ["DATA"])
with (data / "jobs").open("a") as jobs: print(word, file=jobs)
if (data / f"refuse-{word}").exists(): sys.exit(f"cannot {word}")
"""


PYTHON = "{{ package.bin }}/python"
HERE = [{"name": "DATA", "value": "{{ volumes.data }}"}]

WEB: dict[str, Any] = {
    "name": "web",
    "command": [PYTHON, "-c", SERVER],
    "environment": [
        *HERE,
        {"name": "CONFIG", "value": "{{ files.mode }}"},
        {"name": "LISTEN", "value": "{{ listen.host }}"},
        {"name": "PORT", "value": "{{ ports.http }}"},
        {"name": "VERSION", "value": "{{ version }}"},
        {"name": "PASSWORD", "value": "{{ secrets.adminPassword }}"},
    ],
    "ports": [{"name": "http"}],
    "readiness": {"http": {"port": "http", "path": "/ready"}},
    "health": {"http": {"port": "http", "path": "/health"}, "period": "500ms", "failureThreshold": 2},
    "startup": {"timeout": "3s"},
    "stop": {"grace": "2s"},
    "volumes": [{"name": "data"}],
}

CLOCK: dict[str, Any] = {
    "name": "clock",
    "command": [PYTHON, "-c", "import time; time.sleep(100000)"],
    "stop": {"grace": "2s"},
}


def _job(word: str) -> dict[str, Any]:
    return {"command": [PYTHON, "-c", NOTE, word], "environment": HERE, "timeout": "10s"}


SPEC: dict[str, Any] = {
    "title": "Tiny",
    "summary": "A web server.",
    "versions": [
        {"version": "1.0", "package": {"pip": {"lock": ""}}},
        {"version": "2.0", "package": {"pip": {"lock": ""}}, "upgradesFrom": ["1.0"], "downgradesTo": ["1.0"]},
    ],
    "secrets": [{"name": "adminPassword"}],
    "needs": {"volumes": [{"name": "data"}]},
    "files": [{"name": "mode", "path": "etc/mode.txt", "content": "{{ settings.mode }}\n"}],
    "workloads": [WEB, CLOCK],
    "jobs": {
        "initialise": _job("initialise"),
        "migrate": _job("migrate"),
        "firstAdministrator": _job("administrator"),
        "smokeCheck": _job("check"),
    },
    "sizes": [{"name": "small", "workloads": {"web": {"memory": "128Mi", "openFiles": 256}}}, {"name": "large"}],
    "settings": {"type": "object", "properties": {"mode": {"type": "string", "default": "well"}}},
    "route": {"workload": "web", "port": "http"},
}


def application(name: str = "tiny", *, generation: int = 1, **changes: Any) -> manifest.Application:
    """The application, with parts of its spec replaced."""
    return manifest.Application.model_validate(
        {"metadata": {"name": name, "generation": generation}, "spec": SPEC | changes}
    )


def bundle(name: str, *, generation: int = 1, **changes: Any) -> document.InstallationBundle:
    """An installation of it, with parts of its spec replaced."""
    spec: dict[str, Any] = {
        "application": "tiny",
        "version": "1.0",
        "size": "small",
        "hosts": [f"{name}.localhost"],
        "url": f"http://{name}.localhost",
        "generated": {"secretName": f"{name}-generated"},
    }
    return document.InstallationBundle.model_validate(
        {
            "installation": {"metadata": {"name": name, "generation": generation}, "spec": spec | changes},
            "secrets": [{"name": f"{name}-generated", "data": {"adminPassword": "swordfish-42"}}],
        }
    )
