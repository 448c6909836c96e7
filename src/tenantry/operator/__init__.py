"""The operator: makes and repairs every Kubernetes object of an installation; usable without the other services."""
