"""Use cases: one function per verb of the trade; they take session, actor and now, and never commit, send or read the clock."""
