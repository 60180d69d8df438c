"""Dates and numbers as the locale en-us writes them."""

import datetime

DATE_FORMAT = "N j, Y"
DATETIME_FORMAT = "N j, Y, P"
TIME_FORMAT = "P"
YEAR_MONTH_FORMAT = "F Y"
MONTH_DAY_FORMAT = "F j"
SHORT_DATE_FORMAT = "m/d/Y"
SHORT_DATETIME_FORMAT = "m/d/Y P"
FIRST_DAY_OF_WEEK = 0
DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3


def get_format(format_type, lang=None, use_l10n=None):
    return globals().get(format_type, format_type)


def date_format(value, format=None, use_l10n=None):
    from django.utils import dateformat

    return dateformat.format(value, get_format(format or "DATE_FORMAT"))


def time_format(value, format=None, use_l10n=None):
    from django.utils import dateformat

    return dateformat.time_format(value, get_format(format or "TIME_FORMAT"))


def number_format(value, decimal_pos=None, use_l10n=None, force_grouping=False):
    from django.utils.numberformat import format

    return format(value, DECIMAL_SEPARATOR, decimal_pos, NUMBER_GROUPING, THOUSAND_SEPARATOR, force_grouping)


def localize(value, use_l10n=None):
    if isinstance(value, (bool, str)):
        return str(value) if isinstance(value, bool) else value
    if isinstance(value, (int, float)):
        return number_format(value)
    if isinstance(value, datetime.datetime):
        return date_format(value, "DATETIME_FORMAT")
    if isinstance(value, datetime.date):
        return date_format(value)
    if isinstance(value, datetime.time):
        return time_format(value)
    return value


def sanitize_separators(value):
    return value


def localize_input(value, default=None):
    if isinstance(value, (bool, str)):
        return str(value) if isinstance(value, bool) else value
    if isinstance(value, (int, float)):
        return number_format(value)
    forms = ((datetime.datetime, "%Y-%m-%d %H:%M:%S"), (datetime.date, "%Y-%m-%d"), (datetime.time, "%H:%M:%S"))
    for kind, form in forms:
        if isinstance(value, kind):
            return value.strftime(default or form)
    return value


def reset_format_cache():
    """There is one locale only."""
