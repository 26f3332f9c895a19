"""Forms of the supply side's pages, one room per idea."""
