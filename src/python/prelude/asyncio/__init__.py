"""Coroutines without a network: a loop that runs each until it waits, in turn. The standard library's needs sockets."""

import time
from collections import deque

__all__ = (
    "run", "sleep", "gather", "create_task", "ensure_future", "wait_for", "wait", "as_completed", "iscoroutine",
    "iscoroutinefunction", "isfuture", "get_event_loop", "get_running_loop", "new_event_loop", "set_event_loop",
    "current_task", "to_thread", "Future", "Task", "Lock", "Event", "Queue", "Semaphore", "TaskGroup", "timeout",
    "CancelledError", "TimeoutError", "InvalidStateError", "Runner", "AbstractEventLoop",
)

TimeoutError = TimeoutError
FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED = "FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"
_running = None


class CancelledError(BaseException):
    """The task was asked to stop."""


class InvalidStateError(Exception):
    """The operation is not allowed in this state."""


class Future:
    def __init__(self, *, loop=None):
        self._done, self._result, self._exception, self._callbacks = False, None, None, []

    def done(self):
        return self._done

    def cancelled(self):
        return isinstance(self._exception, CancelledError)

    def result(self):
        if not self._done:
            raise InvalidStateError("Result is not set.")
        if self._exception is not None:
            raise self._exception
        return self._result

    def exception(self):
        if not self._done:
            raise InvalidStateError("Exception is not set.")
        return self._exception

    def set_result(self, result):
        self._finish(result, None)

    def set_exception(self, exception):
        self._finish(None, exception() if isinstance(exception, type) else exception)

    def cancel(self, msg=None):
        if self._done:
            return False
        self._finish(None, CancelledError())
        return True

    def add_done_callback(self, callback, *, context=None):
        if self._done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def _finish(self, result, exception):
        if self._done:
            raise InvalidStateError("invalid state")
        self._done, self._result, self._exception = True, result, exception
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)

    def __await__(self):
        while not self._done:
            yield self
        return self.result()

    __iter__ = __await__


class Task(Future):
    def __init__(self, coro, *, loop=None, name=None):
        super().__init__()
        self._coro, self._name, self._stop = coro, name or getattr(coro, "__qualname__", "Task"), False
        get_running_loop()._ready.append(self)

    def get_name(self):
        return self._name

    def get_coro(self):
        return self._coro

    def cancel(self, msg=None):
        if self._done:
            return False
        self._stop = True
        return True

    def _step(self, loop):
        loop._current = self
        try:
            waited = self._coro.throw(CancelledError()) if self._stop else self._coro.send(None)
        except StopIteration as stop:
            self._finish(stop.value, None)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as exception:
            self._finish(None, exception)
        else:
            self._stop = False
            if isinstance(waited, Future) and not waited.done():
                waited.add_done_callback(lambda _: loop._ready.append(self))
            else:
                loop._ready.append(self)
        finally:
            loop._current = None


class AbstractEventLoop:
    def __init__(self):
        self._ready, self._timers, self._current, self._closed = deque(), [], None, False

    def run_until_complete(self, future):
        global _running
        if _running is not None:
            raise RuntimeError("This event loop is already running")
        _running = self
        try:
            task = future if isinstance(future, Future) else Task(future)
            while not task.done():
                self._turn()
            return task.result()
        finally:
            _running = None

    def _turn(self):
        if self._timers and not self._ready:
            time.sleep(max(0, self._timers[0][0] - time.monotonic()))
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, _, future = self._timers.pop(0)
            if not future.done():
                future.set_result(None)
        if self._ready:
            one = self._ready.popleft()
            if not one.done():
                one._step(self)
        elif not self._timers:
            raise RuntimeError("every task waits for another: nothing can happen any more")

    def create_task(self, coro, *, name=None):
        return Task(coro, name=name)

    def create_future(self):
        return Future()

    def time(self):
        return time.monotonic()

    async def run_in_executor(self, executor, func, *args):
        return func(*args)

    def is_running(self):
        return _running is self

    def is_closed(self):
        return self._closed

    def close(self):
        self._closed = True


def new_event_loop():
    return AbstractEventLoop()


def set_event_loop(loop):
    """There is one at a time."""


def get_running_loop():
    if _running is None:
        raise RuntimeError("no running event loop")
    return _running


def get_event_loop():
    return _running or AbstractEventLoop()


def run(main, *, debug=None, loop_factory=None):
    if _running is not None:
        raise RuntimeError("asyncio.run() cannot be called from a running event loop")
    if not iscoroutine(main):
        raise ValueError("a coroutine was expected, got {!r}".format(main))
    return AbstractEventLoop().run_until_complete(main)


from asyncio._waiting import (  # noqa: E402
    Event, Lock, Queue, Runner, Semaphore, TaskGroup, as_completed, create_task, current_task, ensure_future, gather,
    iscoroutine, iscoroutinefunction, isfuture, sleep, timeout, to_thread, wait, wait_for,
)
