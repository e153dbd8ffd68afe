"""The application as a whole, as one runs it: what becomes of it over days."""
