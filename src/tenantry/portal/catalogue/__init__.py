"""What is sold: a copy of the provisioner's applications, so that the shop is open while the provisioner is away."""
