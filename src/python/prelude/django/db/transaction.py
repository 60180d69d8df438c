"""Atomic blocks, with real rollback; one inside another is a savepoint."""

import _hallpass
from django.db.utils import DatabaseError, Error, NotSupportedError, ProgrammingError, check_alias


class TransactionManagementError(ProgrammingError):
    """Transaction management is used improperly."""


# For each open block: what to call after the outermost one is committed, whether an error broke it, and whether it has
# to be rolled back.
_blocks = []


class _Block:
    def __init__(self, savepoint):
        self.savepoint = savepoint
        self.callbacks = []
        self.broken = False
        self.rollback = False


def check_usable():
    """Refuses to work in a block that an error broke, as Django does."""
    if _blocks and _blocks[-1].broken:
        raise TransactionManagementError(
            "An error occurred in the current transaction. You can't execute queries until the end of the 'atomic' block."
        )


class breaks:
    """Around a change: an error in it breaks the open block, so that the block can only be rolled back."""

    def __enter__(self):
        check_usable()

    def __exit__(self, exc_type, exc_value, traceback):
        if exc_type is not None and _blocks:
            _blocks[-1].broken = _blocks[-1].rollback = True


mark_for_rollback_on_error = breaks


class Atomic:
    def __init__(self, using, savepoint, durable):
        self.using = using
        self.savepoint = savepoint
        self.durable = durable

    def __enter__(self):
        if isinstance(self.using, str):
            check_alias(self.using)
        if self.durable and _blocks:
            raise RuntimeError("A durable atomic block cannot be nested within another atomic block.")
        block = _Block(self.savepoint or not _blocks)
        if block.savepoint:
            _hallpass.begin()
        _blocks.append(block)

    def __exit__(self, exc_type, exc_value, traceback):
        block = _blocks.pop()
        failed = exc_type is not None or block.rollback
        if not block.savepoint:
            if failed:
                _blocks[-1].rollback = True
            else:
                _blocks[-1].callbacks.extend(block.callbacks)
            return
        if failed:
            _hallpass.roll_back()
            return
        _hallpass.commit()
        if _blocks:
            _blocks[-1].callbacks.extend(block.callbacks)
            return
        for func, robust in block.callbacks:
            _call(func, robust)

    def __call__(self, func):
        def inner(*args, **kwargs):
            with Atomic(self.using, self.savepoint, self.durable):
                return func(*args, **kwargs)

        inner.__name__ = func.__name__
        inner.__qualname__ = func.__qualname__
        inner.__doc__ = func.__doc__
        inner.__wrapped__ = func
        return inner


def _call(func, robust):
    if not robust:
        func()
        return
    try:
        func()
    except Exception:
        pass


def atomic(using=None, savepoint=True, durable=False):
    if callable(using):
        return Atomic(None, savepoint, durable)(using)
    return Atomic(using, savepoint, durable)


def non_atomic_requests(using=None):
    return using if callable(using) else lambda func: func


def on_commit(func, using=None, robust=False):
    if not callable(func):
        raise TypeError("on_commit()'s callback must be a callable.")
    if _blocks:
        _blocks[-1].callbacks.append((func, robust))
    else:
        _call(func, robust)


def get_autocommit(using=None):
    return not _blocks


def set_autocommit(autocommit, using=None):
    if not autocommit:
        raise NotSupportedError("hallpass commits each statement; use transaction.atomic() for more than one")


def get_rollback(using=None):
    if not _blocks:
        raise TransactionManagementError("The rollback flag doesn't work outside of an 'atomic' block.")
    return _blocks[-1].rollback


def set_rollback(rollback, using=None):
    if not _blocks:
        raise TransactionManagementError("The rollback flag doesn't work outside of an 'atomic' block.")
    _blocks[-1].rollback = rollback


def commit(using=None):
    if _blocks:
        raise TransactionManagementError("This is forbidden when an 'atomic' block is active.")


def rollback(using=None):
    if _blocks:
        raise TransactionManagementError("This is forbidden when an 'atomic' block is active.")


_savepoints = []


def savepoint(using=None):
    if not _blocks:
        return None
    _hallpass.begin()
    _savepoints.append("s%d" % (len(_savepoints) + 1))
    return _savepoints[-1]


def savepoint_rollback(sid, using=None):
    if sid in _savepoints:
        while _savepoints:
            last = _savepoints.pop()
            _hallpass.roll_back()
            if last == sid:
                return


def savepoint_commit(sid, using=None):
    if sid in _savepoints:
        while _savepoints:
            last = _savepoints.pop()
            _hallpass.commit()
            if last == sid:
                return
