"""Functions that wait as ones that do not, and the other way round."""

from functools import wraps


class AsyncToSync:
    def __init__(self, awaitable, force_new_loop=False):
        self.awaitable = awaitable

    def __call__(self, *args, **kwargs):
        import asyncio

        async def main():
            return await self.awaitable(*args, **kwargs)

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(main())
        raise RuntimeError(
            "You cannot use AsyncToSync in the same thread as an async event loop - just await the async function "
            "directly."
        )


def async_to_sync(awaitable=None, *, force_new_loop=False):
    return AsyncToSync if awaitable is None else AsyncToSync(awaitable)


def sync_to_async(func=None, *, thread_sensitive=True, executor=None):
    if func is None:
        return sync_to_async
    if not callable(func):
        raise TypeError("sync_to_async can only be applied to sync functions.")

    @wraps(func)
    async def inner(*args, **kwargs):
        return func(*args, **kwargs)

    return inner


def iscoroutinefunction(func):
    import inspect

    return inspect.iscoroutinefunction(func)


def markcoroutinefunction(func):
    return func


SyncToAsync = sync_to_async
