"""Installations: what a customer has, from the request to the last trace removed."""
