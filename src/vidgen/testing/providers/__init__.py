"""Providers on this machine, for tests without a key: every request is kept, every mood can be asked for."""

from vidgen.testing.providers.server import Answer, Asked, FakeProvider, Mood, ProviderServer

__all__ = ["Answer", "Asked", "FakeProvider", "Mood", "ProviderServer"]
