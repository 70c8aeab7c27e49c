"""Mail: the letters as words, and the wire they go out on."""
