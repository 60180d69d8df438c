"""What coroutines wait for."""

import time
import types

import asyncio
from asyncio import Future, Task


def iscoroutine(obj):
    return isinstance(obj, types.CoroutineType)


def iscoroutinefunction(func):
    import inspect

    return inspect.iscoroutinefunction(func)


def isfuture(obj):
    return isinstance(obj, Future)


def create_task(coro, *, name=None):
    return Task(coro, name=name)


def ensure_future(obj, *, loop=None):
    if isfuture(obj):
        return obj
    if not iscoroutine(obj) and hasattr(obj, "__await__"):
        async def waiting():
            return await obj

        obj = waiting()
    if not iscoroutine(obj):
        raise TypeError("An asyncio.Future, a coroutine or an awaitable is required")
    return Task(obj)


def current_task(loop=None):
    return asyncio.get_running_loop()._current


async def sleep(delay, result=None):
    loop = asyncio.get_running_loop()
    future = Future()
    loop._timers.append((time.monotonic() + max(0, delay), len(loop._timers), future))
    loop._timers.sort(key=lambda timer: timer[0])
    await future
    return result


async def gather(*awaitables, return_exceptions=False):
    tasks = [ensure_future(one) for one in awaitables]
    results = []
    for task in tasks:
        try:
            results.append(await task)
        except Exception as error:
            if not return_exceptions:
                raise
            results.append(error)
    return results


async def wait(tasks, *, timeout=None, return_when="ALL_COMPLETED"):
    tasks = {ensure_future(one) for one in tasks}
    enough = all if return_when == "ALL_COMPLETED" else any
    end = None if timeout is None else time.monotonic() + timeout
    while not enough(task.done() for task in tasks) and (end is None or time.monotonic() < end):
        await sleep(0)
    done = {task for task in tasks if task.done()}
    return done, tasks - done


async def wait_for(awaitable, timeout):
    task = ensure_future(awaitable)
    end = None if timeout is None else time.monotonic() + timeout
    while not task.done():
        if end is not None and time.monotonic() >= end:
            task.cancel()
            raise TimeoutError
        await sleep(0)
    return task.result()


def as_completed(awaitables, *, timeout=None):
    left = [ensure_future(one) for one in awaitables]

    async def following():
        while True:
            for task in left:
                if task.done():
                    left.remove(task)
                    return task.result()
            await sleep(0)

    for _ in list(left):
        yield following()


async def to_thread(func, /, *args, **kwargs):
    return func(*args, **kwargs)


class timeout:
    """`async with timeout(seconds)`: what takes longer is told when it ends."""

    def __init__(self, delay):
        self._end = None if delay is None else time.monotonic() + delay

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, traceback):
        if kind is None and self._end is not None and time.monotonic() > self._end:
            raise TimeoutError


class Semaphore:
    def __init__(self, value=1):
        self._value = value

    def locked(self):
        return self._value == 0

    async def acquire(self):
        while self._value <= 0:
            await sleep(0)
        self._value -= 1
        return True

    def release(self):
        self._value += 1

    async def __aenter__(self):
        await self.acquire()

    async def __aexit__(self, *error):
        self.release()


class Lock(Semaphore):
    def __init__(self):
        super().__init__(1)

    def release(self):
        if self._value:
            raise RuntimeError("Lock is not acquired.")
        super().release()


class Event:
    def __init__(self):
        self._set = False

    def is_set(self):
        return self._set

    def set(self):
        self._set = True

    def clear(self):
        self._set = False

    async def wait(self):
        while not self._set:
            await sleep(0)
        return True


class Queue:
    def __init__(self, maxsize=0):
        self.maxsize, self._items, self._open = maxsize, [], 0

    def qsize(self):
        return len(self._items)

    def empty(self):
        return not self._items

    def full(self):
        return 0 < self.maxsize <= len(self._items)

    async def put(self, item):
        while self.full():
            await sleep(0)
        self.put_nowait(item)

    def put_nowait(self, item):
        self._items.append(item)
        self._open += 1

    async def get(self):
        while not self._items:
            await sleep(0)
        return self._items.pop(0)

    def get_nowait(self):
        return self._items.pop(0)

    def task_done(self):
        self._open -= 1

    async def join(self):
        while self._open:
            await sleep(0)


class TaskGroup:
    async def __aenter__(self):
        self._tasks = []
        return self

    def create_task(self, coro, *, name=None):
        self._tasks.append(Task(coro, name=name))
        return self._tasks[-1]

    async def __aexit__(self, kind, error, traceback):
        results = await gather(*self._tasks, return_exceptions=True)
        errors = [one for one in results if isinstance(one, Exception)]
        if errors:
            raise BaseExceptionGroup("unhandled errors in a TaskGroup", errors)


class Runner:
    def __init__(self, *, debug=None, loop_factory=None):
        self._loop = asyncio.new_event_loop()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def run(self, coro, *, context=None):
        return self._loop.run_until_complete(coro)

    def get_loop(self):
        return self._loop

    def close(self):
        self._loop.close()
