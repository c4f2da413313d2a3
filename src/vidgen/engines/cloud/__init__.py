"""Engines at providers: one file each over one HTTP client, so that money and keys are handled in one place."""
