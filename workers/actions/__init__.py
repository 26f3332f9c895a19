"""Verbs of the workers app."""
