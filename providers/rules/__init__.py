"""Plain calculations of the supply side: no database, no clock, no Django."""
