"""The front door: parses, calls, prints, and holds no logic."""


def main() -> None:
    """Entry point of the ``vidgen`` console script."""
