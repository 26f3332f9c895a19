"""The cache in Valkey."""

from __future__ import annotations

from threading import Thread

from django.core.cache import cache, caches

from concierge.cache import KeptClients


def test_one_client_serves_every_call() -> None:
    kept = caches["default"]._cache  # type: ignore[attr-defined]  # Django's own name for what talks to the server
    assert kept.get_client("a") is kept.get_client("b", write=True)


def test_each_server_has_its_own() -> None:
    """Django draws among the readers anew each time: a client never stands for another server than its own."""
    several = KeptClients([f"redis://127.0.0.1:{port}/0" for port in (1, 2, 3)])
    met = {several.get_client("a") for _turn in range(100)}
    ports = sorted(client.connection_pool.connection_kwargs["port"] for client in met)
    assert (ports, several.get_client("a", write=True).connection_pool.connection_kwargs["port"]) == ([2, 3], 1)


def test_it_is_shared_by_threads() -> None:
    """A client holds nothing but the pool of connections."""
    read: dict[int, object] = {}

    def use(number: int) -> None:
        for turn in range(50):
            cache.set(f"thread_{number}", [number, turn], timeout=30)
            read[turn * 10 + number] = cache.get(f"thread_{number}")

    threads = [Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == {turn * 10 + number: [number, turn] for turn in range(50) for number in range(8)}
