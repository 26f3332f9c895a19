"""Forms parse; actions decide."""
