"""The toy claims are known only while a test of this folder runs: the course's own list stays its own."""

import importlib
from collections.abc import Iterator

import pytest

from medsegedu.claims import registry


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    known = dict(registry._claims)
    module = importlib.import_module("toy_claims")
    registry._claims.update({c.key: c for c in vars(module).values() if isinstance(c, registry.Claim)})
    yield
    registry._claims.clear()
    registry._claims.update({key: c for key, c in known.items() if not key.startswith("9")})
