"""How long ago, in words."""

import datetime

_SECONDS = (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60))
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _counted(number, name):
    return "%d\xa0%s" % (number, name if number == 1 else name + "s")


def timesince(d, now=None, reversed=False, time_strings=None, depth=2):
    from django.utils import timezone

    if depth <= 0:
        raise ValueError("depth must be greater than 0.")
    moments = []
    for value in (d, now):
        if value is not None and not isinstance(value, datetime.datetime):
            value = datetime.datetime(value.year, value.month, value.day)
        moments.append(value)
    d, now = moments
    if now is None:
        now = datetime.datetime.now(timezone.get_current_timezone() if timezone.is_aware(d) else None)
    if reversed:
        d, now = now, d
    if (now - d) <= datetime.timedelta(0):
        return _counted(0, "minute")
    months = (now.year - d.year) * 12 + (now.month - d.month)
    if d.day > now.day or (d.day == now.day and d.time() > now.time()):
        months -= 1
    years, months = divmod(months, 12)
    pivot = d
    if years or months:
        year, month = divmod(d.year * 12 + d.month - 1 + years * 12 + months, 12)
        pivot = datetime.datetime(
            year, month + 1, min(_MONTH_DAYS[month], d.day), d.hour, d.minute, d.second, tzinfo=d.tzinfo
        )
    left = int((now - pivot).total_seconds())
    parts = [("year", years), ("month", months)]
    for name, seconds in _SECONDS:
        number, left = divmod(left, seconds)
        parts.append((name, number))
    first = next((i for i, (_, number) in enumerate(parts) if number), None)
    if first is None:
        return _counted(0, "minute")
    shown = []
    # Only neighbours are shown: years and months, never years and days.
    for name, number in parts[first : first + depth]:
        if not number:
            break
        shown.append(_counted(number, name))
    return ", ".join(shown)


def timeuntil(d, now=None, time_strings=None, depth=2):
    return timesince(d, now, True, time_strings, depth)
