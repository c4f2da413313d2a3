"""Providers on this machine, for tests without a key: every request is kept, every failure mode can be asked for."""

from vidgen.testing.providers.server import Answer, Asked, FailureMode, FakeProvider, ProviderServer

__all__ = ["Answer", "Asked", "FakeProvider", "FailureMode", "ProviderServer"]
