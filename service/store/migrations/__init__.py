"""The database's history: one revision per change of the tables, the same for SQLite and PostgreSQL."""
