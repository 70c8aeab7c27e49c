"""The revisions in order; 0001 is generated from the tables, 0002 guards the history."""
