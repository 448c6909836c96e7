"""A small Kubernetes client: who we are, the requests that are needed, and watches; nothing of installations."""
