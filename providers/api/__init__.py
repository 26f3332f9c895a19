"""Endpoints of the supply side, one room per resource."""
