"""The command line `tenantry`: one module for each noun; commands parse, make one call, and render."""
