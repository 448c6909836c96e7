"""Calls are values: what may be repeated, how names are quoted, and which JSON is sent."""

import orjson
import pydantic
import pytest

from tenantry.client import call as calls
from tenantry.client import failures
from tenantry.wire import infrastructure, installations, tokens


@pytest.mark.parametrize(
    ("method", "key", "is_repeatable"),
    [
        ("GET", None, True),
        ("PUT", None, True),
        ("DELETE", None, True),
        ("POST", None, False),
        ("PATCH", None, False),
        ("POST", "k", True),
        ("PATCH", "k", True),
    ],
)
def test_only_what_does_the_same_twice_is_repeatable(method: str, key: str | None, *, is_repeatable: bool) -> None:
    assert calls.Call(method=method, path="/v1/x", key=key).is_repeatable is is_repeatable


def test_a_name_cannot_lead_to_another_route() -> None:
    assert calls.path("installations", "../tokens?x#y") == "/v1/installations/..%2Ftokens%3Fx%23y"


def test_a_secret_is_sent_and_not_its_mask() -> None:
    request = infrastructure.RegisterDatabaseServer(
        name="main", host="db", user="postgres", password=pydantic.SecretStr("open sesame")
    )
    assert orjson.loads(calls.body(request))["password"] == "open sesame"


def test_what_was_not_set_is_not_sent() -> None:
    assert orjson.loads(calls.body(installations.UpdateInstallation(size="large"))) == {"size": "large"}


def test_none_is_sent_where_it_was_said() -> None:
    request = tokens.CreateToken(name="ci", scopes=[tokens.Scope.EVENTS_READ], expires_in_days=None)
    assert orjson.loads(calls.body(request))["expiresInDays"] is None


def test_parameters_that_are_none_are_left_out() -> None:
    assert calls.Call(method="GET", path="/", query={"a": None, "b": 0}).parameters() == {"b": "0"}


def test_headers_are_those_that_were_given() -> None:
    call = calls.Call(method="PATCH", path="/", body=b"{}", if_match='"3"')
    assert call.headers() == {"If-Match": '"3"', "Content-Type": "application/json"}


def test_an_answer_of_something_else_is_an_error() -> None:
    with pytest.raises(failures.AnswerUnreadableError, match="not a NameAvailability"):
        calls.read(installations.NameAvailability, b"<html>")
