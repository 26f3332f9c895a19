"""What is done with messages: queue, write, send, send again."""
