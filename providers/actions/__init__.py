"""One verb, one function, one transaction. Nothing else writes."""
