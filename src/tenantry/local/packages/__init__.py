"""Prepared packages: what a version consists of, installed once and kept; a start never waits for an installer."""
