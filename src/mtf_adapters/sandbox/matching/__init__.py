"""The matching engine: a deterministic machine that knows accounts, books, triggers and time, and no wire."""
