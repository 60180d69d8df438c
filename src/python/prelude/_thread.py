"""Threads that run where they are started, each to its end: the engine has one thread. They have names and idents of
their own all the same, and a lock says who holds it. The engine imports this before it can import anything else."""

error = RuntimeError
TIMEOUT_MAX = 2**31
_MAIN = 1
_started = _MAIN
_current = _MAIN


def get_ident():
    return _current


get_native_id = get_ident


def _get_main_thread_ident():
    return _MAIN


def _is_main_interpreter():
    return True


def daemon_threads_allowed():
    return True


def _shutdown():
    """Every thread has ended."""


def _count():
    return 0


def stack_size(size=None):
    if size:
        raise RuntimeError("setting thread stack size not supported")
    return 0


def exit():
    raise SystemExit


exit_thread = exit


def interrupt_main(signum=2):
    raise KeyboardInterrupt


def _run(function, args, kwargs):
    global _current
    before, _current = _current, _started
    try:
        function(*args, **kwargs)
    except SystemExit:
        pass
    except KeyboardInterrupt:
        raise
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        _current = before


def start_new_thread(function, args, kwargs={}):
    global _started
    if not callable(function):
        raise TypeError("first arg must be callable")
    if not isinstance(args, tuple):
        raise TypeError("2nd arg must be a tuple")
    if not isinstance(kwargs, dict):
        raise TypeError("optional 3rd arg must be a dictionary")
    _started += 1
    ident = _started
    _run(function, args, kwargs)
    return ident


start_new = start_new_thread


class _ThreadHandle:
    ident = _MAIN
    _ended = False

    def _set_done(self):
        self._ended = True

    def is_done(self):
        return self._ended

    def join(self, timeout=None):
        """It has ended."""

    def __repr__(self):
        return "<_ThreadHandle object: ident=%d>" % self.ident


def _make_thread_handle(ident):
    handle = _ThreadHandle()
    handle.ident = ident
    return handle


def start_joinable_thread(function, handle=None, daemon=True):
    global _started
    handle = handle or _ThreadHandle()
    _started += 1
    handle.ident = _started
    _run(function, (), {})
    handle._set_done()
    return handle


class LockType:
    """A lock for one thread: to wait for it would be to wait for ever, so it is taken."""

    def __init__(self):
        self._held = False

    def acquire(self, blocking=True, timeout=-1):
        if self._held and not blocking:
            return False
        if self._held and timeout > 0:
            import time

            time.sleep(timeout)
            return False
        self._held = True
        return True

    acquire_lock = acquire

    def release(self):
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False

    release_lock = release

    def locked(self):
        return self._held

    locked_lock = locked

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *exc_info):
        self.release()

    def _at_fork_reinit(self):
        self._held = False

    def __repr__(self):
        return "<%s _thread.lock object at 0x%x>" % ("locked" if self._held else "unlocked", id(self))


lock = LockType
LockType.__name__ = LockType.__qualname__ = "lock"


def allocate_lock():
    return LockType()


allocate = _set_sentinel = allocate_lock


class RLock:
    def __init__(self):
        self._depth = 0

    def acquire(self, blocking=True, timeout=-1):
        self._depth += 1
        return True

    def release(self):
        if not self._depth:
            raise RuntimeError("cannot release un-acquired lock")
        self._depth -= 1

    def locked(self):
        return self._depth > 0

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *exc_info):
        self.release()

    def _is_owned(self):
        return self._depth > 0

    def _recursion_count(self):
        return self._depth

    def _release_save(self):
        depth, self._depth = self._depth, 0
        return depth

    def _acquire_restore(self, depth):
        self._depth = depth

    def _at_fork_reinit(self):
        self._depth = 0

    def __repr__(self):
        return "<%s _thread.RLock object owner=%d count=%d at 0x%x>" % (
            "locked" if self._depth else "unlocked", get_ident() if self._depth else 0, self._depth, id(self)
        )


class _local:
    """Each thread has attributes of its own."""

    def __new__(cls, *args, **kwargs):
        made = super().__new__(cls)
        object.__setattr__(made, "_each", {})
        object.__setattr__(made, "_made_with", (args, kwargs))
        object.__getattribute__(made, "_each")[get_ident()] = {}
        return made

    def _mine(self):
        each = object.__getattribute__(self, "_each")
        ident = get_ident()
        if ident not in each:
            each[ident] = {}
            args, kwargs = object.__getattribute__(self, "_made_with")
            self.__init__(*args, **kwargs)
        return each[ident]

    def __getattribute__(self, name):
        mine = object.__getattribute__(self, "_mine")()
        if name == "__dict__":
            return mine
        if name in mine:
            return mine[name]
        return object.__getattribute__(self, name)

    def __setattr__(self, name, value):
        object.__getattribute__(self, "_mine")()[name] = value

    def __delattr__(self, name):
        mine = object.__getattribute__(self, "_mine")()
        if name not in mine:
            raise AttributeError("'%s' object has no attribute '%s'" % (type(self).__name__, name))
        del mine[name]
