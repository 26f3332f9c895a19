"""French as it is set in print: a narrow no-break space between the thousands."""

THOUSAND_SEPARATOR = "\u202f"
