"""The demonstration: a customer signs up in the portal and uses what they get, by the same pages and APIs."""
