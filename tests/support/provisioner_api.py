"""Requests to a provisioner as they come, without a client's help."""

import json
from dataclasses import dataclass
from typing import Any

import aiohttp
import multidict

from support import provisioner_stage

Stage = provisioner_stage.Stage


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: multidict.CIMultiDict[str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The problem's code, having made sure that it is a whole problem."""
        problem = self.json()
        assert self.headers["Content-Type"] == "application/problem+json"
        assert problem["status"] == self.status
        assert problem["type"] == f"https://tenantry.dev/problems/{problem['code']}"
        assert problem["reference"] == self.headers["X-Request-Id"]
        assert problem["detail"]
        return problem["code"]


class Api:
    """Requests as they come, without a client's help."""

    def __init__(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        self.stage = stage
        self._session = session

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = provisioner_stage.SECRET, **headers: str
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        async with self._session.request(method, f"{self.stage.url}{path}", json=body, headers=sent) as answer:
            return Answer(status=answer.status, headers=multidict.CIMultiDict(answer.headers), text=await answer.text())

    async def create(self, name: str, **more: Any) -> Answer:
        headers = more.pop("headers", {})
        return await self.call("POST", "/v1/installations", {"name": name, "application": "tiny"} | more, **headers)
