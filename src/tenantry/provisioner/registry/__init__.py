"""What clusters, database servers and object stores have in common: registered by name, probed, cordoned."""
