"""Demonstration data and the played story. Installed in development and tests only (trust.md S44)."""
