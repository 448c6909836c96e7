"""PostgreSQL servers as makers of logical databases."""
