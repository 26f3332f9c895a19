"""English, as read in France."""
