"""Dates and times from text. None for what is none; ValueError for a date that does not exist."""

import datetime

_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[\.,](?P<microsecond>\d{1,6})\d{0,6})?)?"
_DATE = r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
_MOMENT = _DATE + r"[T ]" + _TIME + r"\s*(?P<tzinfo>Z|[+-]\d{2}(?::?\d{2})?)?$"
_NUMBER = r"\d+(?:[.,]\d+)?"
_ISO_DURATION = (
    r"(?P<sign>[-+]?)P(?:(?P<days>%s)D)?(?:T(?:(?P<hours>%s)H)?(?:(?P<minutes>%s)M)?(?:(?P<seconds>%s)S)?)?$"
    % (_NUMBER, _NUMBER, _NUMBER, _NUMBER)
)
_DURATION = (
    r"(?:(?P<days>-?\d+) (?:days?, )?)?(?P<sign>-?)(?:(?:(?P<hours>\d+):)?(?P<minutes>\d+):)?"
    r"(?P<seconds>\d+)(?:[\.,](?P<microseconds>\d{1,6})\d{0,6})?$"
)
_INTERVAL = (
    r"(?:(?P<days>-?\d+) (?:days? ?))?(?:(?P<sign>[-+])?(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d)"
    r"(?:\.(?P<microseconds>\d{1,6}))?)?$"
)


def _numbers(match):
    return {name: int(text) for name, text in match.groupdict().items() if text is not None and name != "tzinfo"}


def _microseconds(match, numbers):
    if "microsecond" in numbers:
        numbers["microsecond"] = int(match["microsecond"].ljust(6, "0"))
    return numbers


def parse_date(value):
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        import re

        match = re.match(_DATE + "$", value)
        return datetime.date(**_numbers(match)) if match else None


def parse_time(value):
    try:
        # A zone is passed over.
        return datetime.time.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        import re

        match = re.match(_TIME + "$", value)
        return datetime.time(**_microseconds(match, _numbers(match))) if match else None


def parse_datetime(value):
    try:
        return datetime.datetime.fromisoformat(value)
    except ValueError:
        import re

        match = re.match(_MOMENT, value)
    if not match:
        return None
    zone = match["tzinfo"]
    if zone == "Z":
        zone = datetime.timezone.utc
    elif zone is not None:
        from django.utils.timezone import get_fixed_timezone

        minutes = int(zone[1:3]) * 60 + (int(zone[-2:]) if len(zone) > 3 else 0)
        zone = get_fixed_timezone(-minutes if zone[0] == "-" else minutes)
    return datetime.datetime(**_microseconds(match, _numbers(match)), tzinfo=zone)


def parse_duration(value):
    import re

    match = re.match(_DURATION, value) or re.match(_ISO_DURATION, value) or re.match(_INTERVAL, value)
    if not match:
        return None
    parts = match.groupdict()
    sign = -1 if parts.pop("sign") == "-" else 1
    if parts.get("microseconds"):
        parts["microseconds"] = parts["microseconds"].ljust(6, "0")
    numbers = {name: float(text.replace(",", ".")) for name, text in parts.items() if text is not None}
    days = datetime.timedelta(numbers.pop("days", 0.0))
    if match.re.pattern == _ISO_DURATION:
        days *= sign
    return days + sign * datetime.timedelta(**numbers)
