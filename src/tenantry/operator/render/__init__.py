"""From an application, an installation and the facts of a cluster to Kubernetes objects: pure, and always the same."""
