"""Promises about speed, measured on real servers. How to read them: docs/performance.md."""
