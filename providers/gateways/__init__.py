"""What reaches outside of the process for the supply side: files that somebody sends, a solver."""
