"""Days, times and moments from what scripts give for them."""

from django.core.exceptions import ValidationError


def _format_error(value, form, kind="format"):
    return ValidationError(
        "“%(value)s” value has an invalid " + kind + ". It must be in " + form + " format.",
        code="invalid",
        params={"value": value},
    )


def _attempt(parse, value, form, kind):
    """What `parse` makes of a text, or nothing; what no calendar or clock has is an error."""
    try:
        return parse(value)
    except ValueError:
        raise ValidationError(
            "“%(value)s” value has the correct format (" + form + ") but it is an invalid " + kind + ".",
            code="invalid_" + kind.replace("/", ""),
            params={"value": value},
        )


def clean_date(value):
    import datetime

    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc)
        return value.date()
    if isinstance(value, datetime.date):
        return value
    from django.utils.dateparse import parse_date

    parsed = _attempt(parse_date, value, "YYYY-MM-DD", "date")
    if parsed is None:
        raise _format_error(value, "YYYY-MM-DD", "date format")
    return parsed


def clean_time(value):
    import datetime

    if isinstance(value, datetime.datetime):
        return value.time()
    if isinstance(value, datetime.time):
        return value
    from django.utils.dateparse import parse_time

    parsed = _attempt(parse_time, value, "HH:MM[:ss[.uuuuuu]]", "time")
    if parsed is None:
        raise _format_error(value, "HH:MM[:ss[.uuuuuu]]")
    return parsed


def read_datetime(value, name):
    """The moment that was given or that a text says; a day is one, with Django's warning."""
    import datetime

    if isinstance(value, datetime.datetime):
        return value
    return clean_datetime(value, name) if isinstance(value, datetime.date) else _parsed(value)


def clean_datetime(value, name):
    """An aware moment; a naive one is taken for UTC, with Django's warning."""
    import datetime

    is_day = isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)
    if not isinstance(value, datetime.datetime):
        value = _parsed(value)
    if value.tzinfo is None:
        from django.utils import naive

        message = "DateTimeField %s received a naive datetime (%s) while time zone support is active." % (name, value)
        naive.warn(message, naive.DAY_LINE if is_day else None)
        value = value.replace(tzinfo=datetime.timezone.utc)
    return value


def _parsed(value):
    import datetime

    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    from django.utils.dateparse import parse_date, parse_datetime

    parsed = _attempt(parse_datetime, value, "YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]", "date/time")
    if parsed is not None:
        return parsed
    parsed = _attempt(parse_date, value, "YYYY-MM-DD", "date")
    if parsed is not None:
        return datetime.datetime(parsed.year, parsed.month, parsed.day)
    raise _format_error(value, "YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]")
