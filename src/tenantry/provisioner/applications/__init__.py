"""Applications that are sold, and the preparation of their versions on clusters."""
