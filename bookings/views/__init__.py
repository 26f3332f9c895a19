"""Pages: public booking, tracking, a client's requests, the team's requests."""
