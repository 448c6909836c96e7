"""Follows what happens in the provisioner and keeps the portal's rows current."""
