"""The JSON door: one router per concept, the same verbs as the pages."""
