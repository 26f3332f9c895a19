"""Rules of messages, pure."""
