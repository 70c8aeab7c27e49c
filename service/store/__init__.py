"""Rows: tables, the one committer, history, outbox, files and every query."""
