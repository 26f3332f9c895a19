"""Shapes of the API of the supply side, one room per resource."""
