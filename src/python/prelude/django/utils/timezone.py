"""Moments and time zones. The zone is UTC unless a script activates another."""

import _hallpass
from datetime import datetime, timedelta, timezone, tzinfo

_ZERO = timedelta(0)


class _Utc(tzinfo):
    """UTC as the standard library's zoneinfo shows it: that needs files for its zones, and this one does not."""

    key = "UTC"

    def utcoffset(self, dt):
        return _ZERO

    def dst(self, dt):
        return _ZERO

    def tzname(self, dt):
        return "UTC"

    def fromutc(self, dt):
        return dt.replace(tzinfo=self)

    def __repr__(self):
        return "zoneinfo.ZoneInfo(key='UTC')"

    def __str__(self):
        return "UTC"

    def __reduce__(self):
        return get_default_timezone, ()


_utc = _Utc()
_active = None


def _zone(name):
    if name == "UTC":
        return _utc
    import zoneinfo

    return zoneinfo.ZoneInfo(name)


def get_fixed_timezone(offset):
    """A zone at a fixed distance from UTC, in minutes or as a timedelta."""
    if isinstance(offset, timedelta):
        offset = offset.total_seconds() // 60
    hours, minutes = divmod(abs(offset), 60)
    name = "%s%02d%02d" % ("-" if offset < 0 else "+", hours, minutes)
    return timezone(timedelta(minutes=offset), name)


def get_default_timezone():
    return _utc


def get_default_timezone_name():
    return "UTC"


def get_current_timezone():
    return _utc if _active is None else _active


def get_current_timezone_name():
    return _name(get_current_timezone())


def _name(zone):
    return zone.tzname(None) or str(zone)


def activate(timezone):
    global _active
    if isinstance(timezone, tzinfo):
        _active = timezone
    elif isinstance(timezone, str):
        _active = _zone(timezone)
    else:
        raise ValueError("Invalid timezone: %r" % timezone)


def deactivate():
    global _active
    _active = None


class override:
    """Another zone inside a `with` block or a decorated function."""

    def __init__(self, timezone):
        self.timezone = timezone

    def __enter__(self):
        self.before = _active
        if self.timezone is None:
            deactivate()
        else:
            activate(self.timezone)

    def __exit__(self, exc_type, exc_value, traceback):
        global _active
        _active = self.before

    def __call__(self, func):
        def inside(*args, **kwargs):
            with override(self.timezone):
                return func(*args, **kwargs)

        return inside


def now():
    return _hallpass.now()


# By this `_hallpass` notices that a script has put another one in its place.
_own_now = now


def is_aware(value):
    return value.utcoffset() is not None


def is_naive(value):
    return value.utcoffset() is None


def make_aware(value, timezone=None):
    if is_aware(value):
        raise ValueError("make_aware expects a naive datetime, got %s" % value)
    return value.replace(tzinfo=get_current_timezone() if timezone is None else timezone)


def make_naive(value, timezone=None):
    if is_naive(value):
        raise ValueError("make_naive() cannot be applied to a naive datetime")
    return value.astimezone(get_current_timezone() if timezone is None else timezone).replace(tzinfo=None)


def localtime(value=None, timezone=None):
    if value is None:
        value = now()
    if is_naive(value):
        raise ValueError("localtime() cannot be applied to a naive datetime")
    return value.astimezone(get_current_timezone() if timezone is None else timezone)


def localdate(value=None, timezone=None):
    return localtime(value, timezone).date()


def template_localtime(value, use_tz=None):
    if isinstance(value, datetime) and is_aware(value) and use_tz is not False:
        return localtime(value)
    return value
