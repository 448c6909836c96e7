"""Caddy's configuration, built without Caddy."""

from pathlib import Path
from typing import Any

from tenantry.local import frontdoor_configuration as configuration

SETTINGS = configuration.FrontdoorSettings(
    listen="127.0.0.1:8080",
    host="localhost",
    admin_socket=Path("/run/caddy.sock"),
    portal="127.0.0.1:1",
    provisioner="127.0.0.1:2",
    mailbox="unix//run/mailbox.sock",
    access_log=Path("/log/access.log"),
    storage=Path("/data"),
)


def server() -> dict[str, Any]:
    return configuration.build(SETTINGS)["apps"]["http"]["servers"]["front"]


def test_fixed_routes_come_first_and_are_as_many_as_is_said() -> None:
    routes = server()["routes"]
    fixed = [route["match"][0]["host"] for route in routes if "@id" in route]
    assert fixed == [["localhost", "portal.localhost"], ["api.localhost"], ["mailbox.localhost"]]
    assert len(fixed) == configuration.FIXED_ROUTES
    assert all("@id" in route for route in routes[: configuration.FIXED_ROUTES])


def test_all_else_is_answered_with_503_for_browsers_and_programs() -> None:
    browser, program = server()["routes"][configuration.FIXED_ROUTES :]
    assert "match" in browser
    assert "match" not in program
    assert {each["handle"][0]["status_code"] for each in (browser, program)} == {503}
    assert "No workspace is awake at this address" in browser["handle"][0]["body"]


def test_the_admin_interface_is_a_socket_for_its_owner_only() -> None:
    assert configuration.build(SETTINGS)["admin"]["listen"] == "unix//run/caddy.sock|0600"


def test_a_workspaces_route_can_be_read_back() -> None:
    route = configuration.workspace_route("acme", ["acme.localhost", "chat.acme.com"], "127.0.0.1:9", 1000)
    assert configuration.describe(route) == ("acme", ("acme.localhost", "chat.acme.com"), "127.0.0.1:9", 1000)
    assert configuration.describe(server()["routes"][0]) is None


def test_keys_in_addresses_are_kept_out_of_the_log() -> None:
    encoder = configuration.build(SETTINGS)["logging"]["logs"]["access"]["encoder"]
    hidden = {action["parameter"] for action in encoder["fields"]["request>uri"]["actions"]}
    assert hidden >= {"key", "access_token"}
