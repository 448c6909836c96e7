"""A small, right manifest, and a way to read it with one thing changed."""

from collections.abc import Callable

import pytest

from tenantry.application import manifest, source

MANIFEST = """\
apiVersion: tenantry.dev/v1alpha1
kind: Application
metadata:
  name: wiki
spec:
  title: Wiki
  summary: Pages that a team writes together.
  versions:
    - version: "1.0"
      package:
        pip:
          lock: |
            wiki==1.0 --hash=sha256:00
    - version: "1.1"
      package:
        pip:
          lock: |
            wiki==1.1 \\
                --hash=sha256:11
      upgradesFrom: ["1.0"]
      downgradesTo: ["1.0"]
    - version: "2.0"
      package:
        pip:
          lock: |
            wiki==2.0 --hash=sha256:22
      upgradesFrom: ["1.1"]
  secrets:
    - name: session
  needs:
    database: {}
    volumes:
      - name: data
  files:
    - name: settings
      path: wiki.toml
      content: |
        title = {{ installation.displayName | quote }}
        database = {{ database.url | quote }}
        public = {{ settings.public | tojson }}
  workloads:
    - name: web
      command: ["{{ package.bin }}/wiki", "--config={{ files.settings }}", "--port={{ ports.http }}"]
      environment:
        - name: SESSION
          value: "{{ secrets.session }}"
      ports:
        - name: http
      readiness:
        http: {port: http, path: /ready, hostHeader: true}
        timeout: 500ms
      volumes:
        - name: data
  jobs:
    firstAdministrator:
      command: ["{{ package.bin }}/wiki", admin, "{{ endpoints.http }}"]
      beforeRoute: false
  sizes:
    - name: small
      workloads:
        web: {cpu: 250m, memory: 256Mi}
  settings:
    type: object
    properties:
      public:
        type: boolean
        title: Public
        default: false
      pages:
        type: integer
        title: Pages
        minimum: 1
        default: 10
      theme:
        type: string
        title: Theme
        enum: [light, dark]
        default: light
  route:
    workload: web
    port: http
    maxRequestSize: 5Mi
  credentials:
    username: admin
    password: "{{ secrets.session }}"
"""

Read = Callable[..., manifest.Application]


@pytest.fixture
def read() -> Read:
    """Read the manifest, with one text in it replaced by another."""

    def reading(old: str = "", new: str = "") -> manifest.Application:
        assert old in MANIFEST
        return source.parse(MANIFEST.replace(old, new, 1) if old else MANIFEST, file="wiki.yaml")

    return reading


@pytest.fixture
def wiki(read: Read) -> manifest.Application:
    return read()


@pytest.fixture
def line_of() -> Callable[[str], int]:
    """Return the line of the manifest on which a text stands."""

    def find(text: str) -> int:
        return MANIFEST[: MANIFEST.index(text)].count("\n") + 1

    return find
