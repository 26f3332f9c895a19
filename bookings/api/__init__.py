"""Endpoints of the demand side."""
