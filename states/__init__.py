"""The rules of the trade: states, guards, calendar, words and frozen facts; nothing here knows of web, database or Word."""
