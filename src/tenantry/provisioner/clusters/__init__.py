"""Clusters: how installations reach the one they are on, and how what it reports reaches the rows."""
