"""What the tests of the service share."""

from tests.postoffice import post_office
from tests.stores import any_store, begun, demonstration, migrated_database, migrated_file, pg_store, store

__all__ = ["any_store", "begun", "demonstration", "migrated_database", "migrated_file", "pg_store", "post_office", "store"]
