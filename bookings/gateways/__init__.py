"""What leaves for the outside, and what comes in from it."""
