"""The application that is made in test clusters where any will do: two programs, a file, a secret and a setting."""

from typing import Any

_IMAGE = "registry.example.com/tiny@sha256:" + "0" * 64

_LITTLE = {"cpu": "10m", "memory": "16Mi"}

MANIFEST: dict[str, Any] = {
    "metadata": {"name": "tiny"},
    "spec": {
        "title": "Tiny",
        "summary": "Two programs and a file.",
        "versions": [
            {"version": "1.0", "image": _IMAGE},
            {"version": "1.1", "image": _IMAGE[:-1] + "1", "upgradesFrom": ["1.0"], "downgradesTo": ["1.0"]},
        ],
        "secrets": [{"name": "adminPassword"}],
        "files": [{"name": "mode", "path": "mode.conf", "content": "mode = {{ settings.mode }}\n"}],
        "workloads": [
            {
                "name": "web",
                "command": ["serve", "{{ files.mode }}"],
                "environment": [{"name": "PASSWORD", "value": "{{ secrets.adminPassword }}"}],
                "ports": [{"name": "http"}],
                "readiness": {"http": {"port": "http"}},
            },
            {"name": "clock", "command": ["tick"]},
        ],
        "sizes": [
            {"name": "small", "workloads": {"web": _LITTLE, "clock": _LITTLE}},
            {"name": "huge", "workloads": {"web": {"cpu": "100000"}, "clock": _LITTLE}},
        ],
        "settings": {"type": "object", "properties": {"mode": {"type": "string", "default": "well"}}},
        "route": {"workload": "web", "port": "http"},
    },
}
