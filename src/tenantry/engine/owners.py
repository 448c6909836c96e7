"""Who holds a lease: a process on a host, so that those who died here need not be waited for.

An owner elsewhere, or one that cannot be told, counts as alive: its lease ends by itself.
"""

import os
import socket


def this_process() -> str:
    """Return the owner that this process gives to its leases: `HOST:PID`."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_dead(owner: str) -> bool:
    """Tell whether the owner is a process of this host that has ended."""
    host, _, number = owner.rpartition(":")
    if host != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
