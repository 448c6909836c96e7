"""What registered things need of those who know a technology."""

from collections.abc import Callable

FindServer = Callable[[str], str]
"""Return the address of the API server that a kubeconfig names.

Raises `CustomerMustActError` where the provisioner cannot or must not use it; the message says why and holds no secret.
"""

FindOwnServer = Callable[[], str]
"""Return the address of the API server of the cluster in which the provisioner itself runs.

Raises `CustomerMustActError` where it runs in none, or has no account there; the message says which.
"""
