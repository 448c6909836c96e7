"""`make bench`: what the product costs and how fast it is, as ratios to doing the same by hand, measured in one run."""
