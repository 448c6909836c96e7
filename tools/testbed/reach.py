"""Reaches what runs on the real node, from a test: pods, services and ports of the node, by their addresses."""

import socket

import aiohttp

from testbed import passage, room


def connector(place: room.Room) -> aiohttp.TCPConnector:
    """Return a connector for aiohttp whose connections begin in the node's room; names are not looked up there."""

    def make(_: object) -> socket.socket:
        return passage.socket_in(place.pid)

    return aiohttp.TCPConnector(socket_factory=make, family=socket.AF_INET)
