"""The REST API: one router for each noun."""
