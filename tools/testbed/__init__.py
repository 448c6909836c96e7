"""A real Kubernetes for tests, on a machine that has only package registries: built, started, ended without a trace."""
