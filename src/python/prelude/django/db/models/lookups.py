"""Names of look-ups, for the errors about them."""

NAMES = (
    "exact", "iexact", "gt", "gte", "lt", "lte", "in", "contains", "icontains", "startswith", "istartswith", "endswith",
    "iendswith", "range", "isnull", "regex", "iregex",
)
MOMENT = (
    "year", "month", "day", "week_day", "iso_week_day", "week", "iso_year", "quarter", "hour", "minute", "second",
    "date", "time",
)


def by_name(name, related=False):
    """The class of a look-up, as `get_lookup` gives it."""
    kind = {"iexact": "IExact", "gt": "GreaterThan", "gte": "GreaterThanOrEqual", "lt": "LessThan",
            "lte": "LessThanOrEqual", "icontains": "IContains", "istartswith": "IStartsWith", "isnull": "IsNull",
            "startswith": "StartsWith", "endswith": "EndsWith", "iendswith": "IEndsWith", "iregex": "IRegex"}
    module = "django.db.models.fields.related_lookups" if related else __name__
    title = ("Related" if related else "") + kind.get(name, name.capitalize())
    key = (module, title)
    if key not in _classes:
        _classes[key] = type(title, (), {"__module__": module, "lookup_name": name})
    return _classes[key]


_classes = {}


def _pattern_code(pattern):
    """What Python's re makes of a pattern for the engine behind it; None where re refuses it."""
    from re import PatternError, _compiler, _parser

    try:
        return _compiler._code(_parser.parse(pattern), 0)
    except (PatternError, OverflowError, RecursionError):
        return None


RELATED = ("exact", "gt", "gte", "lt", "lte", "in", "isnull")


def _suggestion(name, kind):
    """The end of the message about a look-up that is none."""
    from difflib import get_close_matches

    names = {"moment": [*NAMES, *MOMENT], "relation": RELATED}.get(kind, NAMES)
    near = get_close_matches(name, names)
    return ", perhaps you meant %s?" % " or ".join(near) if near else "."
