"""Where messages leave. Every call has a time limit; every failure is one of three."""
