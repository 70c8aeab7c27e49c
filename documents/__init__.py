"""Word files: frozen facts in, bytes out; nothing here reads the clock, the network or the database."""
