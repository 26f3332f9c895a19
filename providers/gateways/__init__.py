"""What providers ask of others: other processes, other machines."""
