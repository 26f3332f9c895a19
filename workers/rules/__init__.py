"""Plain rules: no Django, no clock."""
