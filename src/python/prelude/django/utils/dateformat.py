"""Dates as text, by the letters of PHP's date()."""

import datetime

from django.utils.dates import MONTHS, MONTHS_3, MONTHS_AP, WEEKDAYS, WEEKDAYS_ABBR


class TimeFormat:
    def __init__(self, obj):
        from django.utils import timezone

        self.data = obj
        self.timezone = None
        if isinstance(obj, datetime.datetime):
            self.timezone = timezone.get_default_timezone() if timezone.is_naive(obj) else obj.tzinfo

    def format(self, formatstr):
        text = []
        letters = iter(formatstr)
        for letter in letters:
            if letter == "\\":
                text.append(next(letters, ""))
                continue
            method = getattr(self, letter, None) if letter.isalpha() and letter.isascii() else None
            if method is not None and isinstance(self, TimeFormat):
                if type(self.data) is datetime.date and hasattr(TimeFormat, letter):
                    raise TypeError(
                        "The format for date objects may not contain time-related format specifiers (found '%s')."
                        % letter
                    )
                text.append(str(method()))
            else:
                text.append(letter)
        return "".join(text)

    def a(self):
        return "p.m." if self.data.hour > 11 else "a.m."

    def A(self):
        return "PM" if self.data.hour > 11 else "AM"

    def g(self):
        return self.data.hour % 12 or 12

    def G(self):
        return self.data.hour

    def h(self):
        return "%02d" % self.g()

    def H(self):
        return "%02d" % self.data.hour

    def i(self):
        return "%02d" % self.data.minute

    def f(self):
        return "%d:%02d" % (self.g(), self.data.minute) if self.data.minute else self.g()

    def P(self):
        if self.data.minute == 0 and self.data.hour in (0, 12):
            return "noon" if self.data.hour else "midnight"
        return "%s %s" % (self.f(), self.a())

    def s(self):
        return "%02d" % self.data.second

    def u(self):
        return "%06d" % self.data.microsecond

    def _offset(self):
        if self.timezone is None:
            return None
        return self.timezone.utcoffset(self.data.replace(tzinfo=None))

    def e(self):
        return getattr(self.data, "tzinfo", None) and self.data.tzname() or ""

    def O(self):
        offset = self._offset()
        if offset is None:
            return ""
        seconds = int(offset.total_seconds())
        return "%s%02d%02d" % ("-" if seconds < 0 else "+", abs(seconds) // 3600, abs(seconds) // 60 % 60)

    def T(self):
        if self.timezone is None:
            return ""
        return self.timezone.tzname(self.data.replace(tzinfo=None)) or ""

    def Z(self):
        offset = self._offset()
        return "" if offset is None else int(offset.total_seconds())


class DateFormat(TimeFormat):
    def b(self):
        return MONTHS_3[self.data.month]

    def c(self):
        return self.data.isoformat()

    def d(self):
        return "%02d" % self.data.day

    def D(self):
        return WEEKDAYS_ABBR[self.data.weekday()]

    def E(self):
        return MONTHS[self.data.month]

    F = E

    def I(self):
        if self.timezone is None:
            return ""
        return "1" if self.timezone.dst(self.data.replace(tzinfo=None)) else "0"

    def j(self):
        return self.data.day

    def l(self):
        return WEEKDAYS[self.data.weekday()]

    def L(self):
        year = self.data.year
        return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)

    def m(self):
        return "%02d" % self.data.month

    def M(self):
        return MONTHS_3[self.data.month].title()

    def n(self):
        return self.data.month

    def N(self):
        return MONTHS_AP[self.data.month]

    def o(self):
        return self.data.isocalendar()[0]

    def r(self):
        from email.utils import format_datetime

        value = self.data
        if not isinstance(value, datetime.datetime):
            value = datetime.datetime(value.year, value.month, value.day)
        if value.tzinfo is None:
            value = value.replace(tzinfo=datetime.timezone.utc)
        return format_datetime(value)

    def S(self):
        if self.data.day in (11, 12, 13):
            return "th"
        return {1: "st", 2: "nd", 3: "rd"}.get(self.data.day % 10, "th")

    def t(self):
        following = self.data.replace(day=28) + datetime.timedelta(4)
        return "%02d" % (following - datetime.timedelta(following.day)).day

    def U(self):
        value = self.data
        if not isinstance(value, datetime.datetime):
            value = datetime.datetime(value.year, value.month, value.day)
        if value.tzinfo is None:
            value = value.replace(tzinfo=datetime.timezone.utc)
        return int(value.timestamp())

    def w(self):
        return (self.data.weekday() + 1) % 7

    def W(self):
        return self.data.isocalendar()[1]

    def y(self):
        return "%02d" % (self.data.year % 100)

    def Y(self):
        return "%04d" % self.data.year

    def z(self):
        return self.data.timetuple().tm_yday


def format(value, format_string):
    return DateFormat(value).format(format_string)


def time_format(value, format_string):
    return TimeFormat(value).format(format_string)
