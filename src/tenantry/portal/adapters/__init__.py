"""The portal's ports, implemented: the provisioner's client and SMTP."""
