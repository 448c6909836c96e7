"""The agent: the operator of one machine. It accepts Installation documents and makes reality match them."""
