"""A seeded campaign of bad inputs over everything that reaches vidgen from outside. ``python -m benchmarks.bad_inputs``."""
