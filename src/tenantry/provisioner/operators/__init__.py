"""Operators: one for each Kubernetes cluster, kept at the wanted version where that is the provisioner's affair."""
