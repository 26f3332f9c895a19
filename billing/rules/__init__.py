"""Calculations of billing in plain Python: no Django, no clock, no I/O; dates and legal texts are arguments."""
