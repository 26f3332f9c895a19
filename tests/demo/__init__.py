"""The demonstration itself: what plays it must not hide a failure."""
