"""Pages of the team: dispatch board, checks, people, and the trainee's own day."""
