"""Shapes of the API. Money is text, moments carry their offset, identifiers are UUIDs."""
