"""Reports as files that others open: trades as tables, and a page that needs no network."""
