"""A cache in this process's memory."""

import time

DEFAULT_CACHE_ALIAS = "default"
_ABSENT = object()


class InvalidCacheBackendError(Exception):
    pass


class _Cache:
    default_timeout = 300

    def __init__(self):
        self._entries = {}

    def _live(self, key):
        value, until = self._entries.get(key, (_ABSENT, None))
        if until is not None and until <= time.time():
            del self._entries[key]
            return _ABSENT
        return value

    def _until(self, timeout):
        if timeout is _ABSENT:
            timeout = self.default_timeout
        return None if timeout is None else time.time() + timeout

    def get(self, key, default=None, version=None):
        value = self._live(key)
        return default if value is _ABSENT else value

    def set(self, key, value, timeout=_ABSENT, version=None):
        self._entries[key] = value, self._until(timeout)

    def add(self, key, value, timeout=_ABSENT, version=None):
        if self._live(key) is not _ABSENT:
            return False
        self.set(key, value, timeout)
        return True

    def touch(self, key, timeout=_ABSENT, version=None):
        value = self._live(key)
        if value is _ABSENT:
            return False
        self.set(key, value, timeout)
        return True

    def delete(self, key, version=None):
        return self._entries.pop(key, None) is not None

    def get_many(self, keys, version=None):
        found = {key: self._live(key) for key in keys}
        return {key: value for key, value in found.items() if value is not _ABSENT}

    def set_many(self, data, timeout=_ABSENT, version=None):
        for key, value in data.items():
            self.set(key, value, timeout)
        return []

    def delete_many(self, keys, version=None):
        for key in keys:
            self.delete(key)

    def get_or_set(self, key, default, timeout=_ABSENT, version=None):
        value = self._live(key)
        if value is _ABSENT:
            value = default() if callable(default) else default
            self.set(key, value, timeout)
        return value

    def has_key(self, key, version=None):
        return self._live(key) is not _ABSENT

    __contains__ = has_key

    def incr(self, key, delta=1, version=None):
        value = self._live(key)
        if value is _ABSENT:
            raise ValueError("Key ':1:%s' not found" % key)
        self._entries[key] = value + delta, self._entries[key][1]
        return value + delta

    def decr(self, key, delta=1, version=None):
        return self.incr(key, -delta)

    def clear(self):
        self._entries.clear()

    def close(self, **kwargs):
        pass


class _Caches:
    def __getitem__(self, alias):
        if alias != DEFAULT_CACHE_ALIAS:
            raise InvalidCacheBackendError("The connection '%s' doesn't exist." % alias)
        return cache

    def __iter__(self):
        return iter([DEFAULT_CACHE_ALIAS])

    def all(self, initialized_only=False):
        return [cache]


cache = _Cache()
caches = _Caches()
