"""Of what kind the values of an expression are, as Django tells it when it has to: by the class of a field."""

from django.core.exceptions import FieldError

# A kind that is not looked into, and fits every other.
ANY = "?"
_INTEGERS = (
    "IntegerField", "AutoField", "BigAutoField", "BigIntegerField", "SmallIntegerField", "PositiveIntegerField",
    "PositiveSmallIntegerField",
)
_BASES = {
    "EmailField": "CharField", "SlugField": "CharField", "URLField": "CharField", "DateTimeField": "DateField",
    **{name: "IntegerField" for name in _INTEGERS[1:]},
}
_FIXED = {
    "Length": "IntegerField", "StrIndex": "IntegerField", "Now": "DateTimeField", "Count": "IntegerField",
    "Substr": "CharField", "Left": "CharField", "Right": "CharField", "LPad": "CharField", "RPad": "CharField",
    "Repeat": "CharField", "TruncDate": "DateField", "TruncTime": "TimeField",
}
_OF_SOURCE = ("Lower", "Upper", "Trim", "LTrim", "RTrim", "Reverse", "Min", "Max", "Sum")
_ALIKE = ("Coalesce", "Greatest", "Least", "NullIf", "Replace")
_DATES = ("DateField", "DateTimeField")


class OutputFieldIsNoneError(FieldError):
    """It is NULL whatever the row."""


OutputFieldIsNoneError.__module__ = "django.db.models.expressions"


def check(model, expression):
    """Refuses an annotation of which Django could not tell the kind."""
    found = of(model, expression)
    if found is None:
        raise OutputFieldIsNoneError("Cannot resolve expression type, unknown output_field")
    return found


def of(model, expression):
    """The class of field; None for what is NULL whatever the row."""
    given = getattr(expression, "output_field", None)
    name = expression.__class__.__name__
    if name in ("Sum", "Avg", "Min", "Max", "Count", "StdDev", "Variance"):
        _check_aggregate(model, name, expression)
    if given is not None:
        return given.__class__.__name__
    if name == "OuterRef":
        raise ValueError("This queryset contains a reference to an outer query and may only be used in a subquery.")
    if name == "F":
        return _of_name(model, expression.name)
    if name == "Value":
        return _of_value(expression.value)
    if name == "CombinedExpression":
        return _combined(expression.connector, of(model, expression.lhs), of(model, expression.rhs))
    if name == "Case":
        results = [of(model, case.result) for case in expression.cases]
        return _alike([*results, of(model, expression.default)])
    if name.startswith("Extract") or name.startswith("Trunc"):
        return _of_moment(model, expression, name)
    if name in _FIXED:
        return _FIXED[name]
    if name in _OF_SOURCE:
        return of(model, expression.source[0] if hasattr(expression, "source") else expression.expression)
    if name in _ALIKE:
        return _alike([of(model, one) for one in expression.source])
    if name == "Concat":
        kinds = [of(model, one) for one in expression.source]
        found = kinds.pop()
        while kinds:
            found = _alike([kinds.pop(), found])
        return found
    return ANY


def _check_aggregate(model, name, expression):
    inner = expression.expression
    if name in ("Sum", "Avg", "StdDev", "Variance") and of(model, inner) in ("TimeField", *_DATES):
        from django.db.utils import NotSupportedError

        raise NotSupportedError(
            "You cannot use Sum, Avg, StdDev, and Variance aggregations on date/time fields in sqlite3 since date/time "
            "is saved as text."
        )
    if getattr(inner, "contains_aggregate", False):
        inner = inner.__class__.__name__
        raise FieldError("Cannot compute %s('%s'): '%s' is an aggregate" % (name, inner, inner))


def _of_name(model, path):
    options = model._meta
    parts = path.split("__")
    for at, part in enumerate(parts):
        field = options.pk if part == "pk" else _field(options, part)
        if field is None:
            return ANY
        if not field.is_relation:
            return field.__class__.__name__ if at == len(parts) - 1 else ANY
        options = field.related_model._meta
    return ANY


def _field(options, name):
    try:
        return options.get_field(name)
    except Exception:
        return None


def _of_value(value):
    if value is None:
        return None
    names = {
        "str": "CharField", "bool": "BooleanField", "int": "IntegerField", "float": "FloatField",
        "Decimal": "DecimalField", "datetime": "DateTimeField", "date": "DateField", "time": "TimeField",
        "timedelta": "DurationField", "UUID": "UUIDField", "bytes": "BinaryField",
    }
    return names.get(type(value).__name__)


def _of_moment(model, expression, name):
    kind = of(model, expression.source[0])
    if kind == ANY or kind is None or kind in ("TimeField", *_DATES):
        dated = getattr(expression, "as_date", False)
        return "IntegerField" if name.startswith("Extract") else "DateField" if dated else _FIXED.get(name, "DateTimeField")
    if name.startswith("Extract"):
        raise ValueError("Extract input expression must be DateField, DateTimeField, TimeField, or DurationField.")
    raise TypeError("%r isn't a DateField, TimeField, or DateTimeField." % getattr(expression.source[0], "name", "").rpartition("__")[2])


def _is(kind, base):
    return kind == base or (kind in _BASES and _BASES[kind] == base)


def _alike(kinds):
    known = [kind for kind in kinds if kind is not None]
    for kind in known[1:]:
        if ANY not in (kind, known[0]) and not _is(known[0], kind):
            raise FieldError(
                "Expression contains mixed types: %s, %s. You must set output_field." % (known[0], kind)
            )
    return known[0] if known else None


def _combined(sign, left, right):
    if ANY in (left, right):
        return ANY
    bare = ["IntegerField" if kind in _INTEGERS else kind for kind in (left, right)]
    numbers = ("IntegerField", "FloatField", "DecimalField", None)
    if bare == [None, None]:
        return None
    if all(kind in numbers for kind in bare):
        bitwise = sign in ("&", "|", "#", "<<", ">>")
        mixed = {"FloatField", "DecimalField"} <= set(bare) or (sign == "^" and None not in bare and bare[0] != bare[1])
        if not mixed and (not bitwise or bare == ["IntegerField", "IntegerField"]):
            return next((kind for kind in ("FloatField", "DecimalField") if kind in bare), "IntegerField")
    found = _with_time(sign, *bare)
    if found is None:
        raise FieldError(
            "Cannot infer type of %r expression involving these types: %s, %s. You must set output_field."
            % (sign, left or "NoneType", right or "NoneType")
        )
    return found


def _with_time(sign, left, right):
    span = "DurationField"
    if left == right == span and sign in "+-":
        return span
    if right == span and left in (*_DATES, "TimeField") and sign in "+-":
        return "TimeField" if left == "TimeField" else "DateTimeField"
    if left == span and right in (*_DATES, "TimeField") and sign == "+":
        return "TimeField" if right == "TimeField" else "DateTimeField"
    if sign == "-" and ((left in _DATES and right in _DATES) or left == right == "TimeField"):
        return span
    return None
