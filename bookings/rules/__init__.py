"""Plain Python: prices, slots, areas. No framework, no clock, no I/O."""
