"""Measures the operator on a real control plane with pretended nodes, against the raw writes of a small Go client."""
