"""The real stack, killed while people use it. Run by `make chaos`, not by `make test`."""
