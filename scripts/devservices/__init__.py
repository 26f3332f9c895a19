"""Real PostgreSQL and Valkey servers for a developer's machine, from wheels, without root or Docker (Linux only)."""
