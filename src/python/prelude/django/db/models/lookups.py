"""Names of look-ups, for the errors about them."""

NAMES = (
    "exact", "iexact", "gt", "gte", "lt", "lte", "in", "contains", "icontains", "startswith", "istartswith", "endswith",
    "iendswith", "range", "isnull", "regex", "iregex",
)
MOMENT = (
    "year", "month", "day", "week_day", "iso_week_day", "week", "iso_year", "quarter", "hour", "minute", "second",
    "date", "time",
)


RELATED = ("exact", "gt", "gte", "lt", "lte", "in", "isnull")


def _suggestion(name, kind):
    """The end of the message about a look-up that is none."""
    from difflib import get_close_matches

    names = {"moment": [*NAMES, *MOMENT], "relation": RELATED}.get(kind, NAMES)
    near = get_close_matches(name, names)
    return ", perhaps you meant %s?" % " or ".join(near) if near else "."
