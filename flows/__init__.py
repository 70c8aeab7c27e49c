"""Scheduled work: when Prefect wakes a use case; what is due is always the database's answer."""
