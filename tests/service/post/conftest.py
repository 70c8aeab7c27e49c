"""A mail server for the tests of the wire."""

from tests.postoffice import post_office

__all__ = ["post_office"]
