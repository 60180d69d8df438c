"""Names of look-ups, for the errors about them."""

NAMES = (
    "exact", "iexact", "gt", "gte", "lt", "lte", "in", "contains", "icontains", "startswith", "istartswith", "endswith",
    "iendswith", "range", "isnull", "regex", "iregex",
)
MOMENT = (
    "year", "month", "day", "week_day", "iso_week_day", "week", "iso_year", "quarter", "hour", "minute", "second",
    "date", "time",
)


def _suggestion(name, moment):
    """The end of the message about a look-up that is none."""
    from difflib import get_close_matches

    near = get_close_matches(name, [*NAMES, *MOMENT] if moment else NAMES)
    return ", perhaps you meant %s?" % " or ".join(near) if near else "."
