"""How each technology is spoken to; one package for each."""
