"""The commands of `overens`, one module per concern; `service.__main__` lists them all."""
