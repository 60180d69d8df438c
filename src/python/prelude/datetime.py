"""The standard library's datetime, with CPython's words for what is wrong. The engine's is the one written in Python,
whose errors read otherwise; scripts and their authors know these."""

import _pydatetime as _own
from _pydatetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta, timezone, tzinfo

__all__ = ("date", "datetime", "time", "timedelta", "timezone", "tzinfo", "MINYEAR", "MAXYEAR", "UTC")


def _reworded(function, error_class, words):
    """`function`, whose errors of a class are said in other words."""

    def checked(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except error_class as error:
            raised = error
        raise error_class(words(str(raised), *args)) from None

    return checked


def _of_a_date(text, year, month=None, day=None):
    if text.startswith("year"):
        return "year %d is out of range" % year
    return "month must be in 1..12" if text.startswith("month") else "day is out of range for month"


def _check_date_fields(year, month, day, _checked=_reworded(_own._check_date_fields, ValueError, _of_a_date)):
    _own._index(year)
    for position, (name, value) in enumerate((("month", month), ("day", day)), 2):
        if value is None:
            raise TypeError("function missing required argument '%s' (pos %d)" % (name, position))
    return _checked(year, month, day)


def _of_a_time(text, *args):
    return text.partition(", not ")[0]


def _check_tzinfo_arg(tz):
    if tz is not None and not isinstance(tz, tzinfo):
        kind = type(tz)
        name = "datetime." + kind.__name__ if kind.__module__ == "datetime" else kind.__name__
        raise TypeError("tzinfo argument must be None or of a tzinfo subclass, not type '%s'" % name)


def _iso_words(text, *args):
    """Where the form is right, the field that is out of range is told."""
    given = args[1]
    if not isinstance(given, str):
        return "fromisoformat: argument must be str"
    parts = given[:10].split("-")
    if [len(part) for part in parts] == [4, 2, 2] and all(part.isdigit() for part in parts):
        _check_date_fields(*map(int, parts))
    return "Invalid isoformat string: %r" % given


def _from_iso(kind):
    inner = kind.fromisoformat.__func__

    def read(cls, given):
        try:
            return inner(cls, given)
        except AssertionError:
            # A text of a length that no form has.
            raise ValueError from None

    checked = _reworded(_reworded(read, TypeError, _iso_words), ValueError, _iso_words)
    kind.fromisoformat = classmethod(checked)


def _mixed(what):
    return lambda text, *args: "can't %s offset-naive and offset-aware %s" % (what, _kind(args[0]))


def _kind(value):
    return "datetimes" if isinstance(value, datetime) else "times"


_own._check_date_fields = _check_date_fields
_own._check_time_fields = _reworded(_own._check_time_fields, ValueError, _of_a_time)
_own._check_tzinfo_arg = _check_tzinfo_arg
datetime._cmp = _reworded(datetime._cmp, TypeError, _mixed("compare"))
datetime.__sub__ = _reworded(datetime.__sub__, TypeError, _mixed("subtract"))
time._cmp = _reworded(time._cmp, TypeError, _mixed("compare"))
for _kind_of in (date, datetime):
    _from_iso(_kind_of)


def _iso_repr(self):
    return "datetime.IsoCalendarDate(year=%s, week=%s, weekday=%s)" % tuple(self)


_own._IsoCalendarDate.__repr__ = _iso_repr
