"""A search as a whole: its file and its data, trials on all cores or many machines, the ledger, what it leaves."""
