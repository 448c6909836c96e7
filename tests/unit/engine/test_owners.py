import os
import socket
import subprocess
import sys

from tenantry.engine import owners


def test_this_process_is_alive() -> None:
    assert owners.this_process() == f"{socket.gethostname()}:{os.getpid()}"
    assert not owners.is_dead(owners.this_process())


def test_a_process_of_this_host_that_has_ended_is_dead() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert owners.is_dead(f"{socket.gethostname()}:{ended.pid}")


def test_what_cannot_be_told_counts_as_alive() -> None:
    assert not owners.is_dead("elsewhere:1")
    assert not owners.is_dead(f"{socket.gethostname()}:")
    assert not owners.is_dead("")
