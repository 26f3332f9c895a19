"""The cache in Valkey."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends import redis


class KeptClients(redis.RedisCacheClient):
    """One client per server and process. Django's own makes one per call, which costs as much as the call; a client
    holds nothing but the pool of connections, which is shared anyway."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients: dict[int, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """The client of the server for this key."""
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]  # missing from the stubs
        if id(pool) not in self._clients:  # pools are kept for good
            self._clients[id(pool)] = self._client(connection_pool=pool)  # type: ignore[attr-defined]  # likewise
        return self._clients[id(pool)]


class ValkeyCache(redis.RedisCache):
    """Django's cache in Redis or Valkey, with kept clients."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeptClients
