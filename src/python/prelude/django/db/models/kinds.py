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
    "Length": "IntegerField", "StrIndex": "IntegerField", "Ord": "IntegerField", "Now": "DateTimeField",
    "Count": "IntegerField", "Substr": "CharField", "Left": "CharField", "Right": "CharField", "LPad": "CharField",
    "RPad": "CharField", "Repeat": "CharField", "Chr": "CharField", "TruncDate": "DateField", "TruncTime": "TimeField",
    "Exists": "BooleanField", "NegatedExpression": "BooleanField",
}
# Whole numbers become floating-point ones.
_NUMERIC = (
    "ACos ASin ATan ATan2 Cos Cot Degrees Exp Ln Log Mod Pi Power Radians Sin Sqrt Tan Avg StdDev Variance"
).split()
_FIRST = ("Round",)
_DATES = ("DateField", "DateTimeField")


class OutputFieldIsNoneError(FieldError):
    """It is NULL whatever the row."""


OutputFieldIsNoneError.__module__ = "django.db.models.expressions"


class Scope:
    """Where names have a meaning: a model, and the kinds of what was annotated."""

    def __init__(self, model, known=(), summarize=False):
        self.model, self.known, self.summarize = model, dict(known), summarize


def _late(error):
    """Django sees it when the query is made into SQL: when it is asked."""
    error._late = True
    return error


def check(scope, expression):
    """The kind of an annotation; refuses one of which Django could not tell it."""
    found = of(scope, expression)
    if found is None:
        raise _late(OutputFieldIsNoneError("Cannot resolve expression type, unknown output_field"))
    return found


def of(scope, expression):
    """The class of field; None for what is NULL whatever the row."""
    given = getattr(expression, "output_field", None)
    name = expression.__class__.__name__
    if getattr(expression, "contains_aggregate", False) and hasattr(expression, "distinct"):
        _check_aggregate(scope, name, expression)
    if given is not None:
        return given.__class__.__name__
    if name == "OuterRef":
        raise _late(
            ValueError("This queryset contains a reference to an outer query and may only be used in a subquery.")
        )
    if name == "F":
        return _of_name(scope, expression.name)
    if name == "Value":
        return _of_value(expression.value)
    if hasattr(expression, "children"):
        return "BooleanField"
    if name == "CombinedExpression":
        return _combined(expression.connector, of(scope, expression.lhs), of(scope, expression.rhs))
    if name == "Case":
        results = [of(scope, case.result) for case in expression.cases]
        return _alike([*results, of(scope, expression.default)])
    if name.startswith("Extract") or name.startswith("Trunc"):
        return _of_moment(scope, expression, name)
    if name in _FIXED:
        return _FIXED[name]
    if name == "Concat":
        kinds = [of(scope, one) for one in expression.source]
        found = kinds.pop()
        while kinds:
            found = _alike([kinds.pop(), found])
        return found
    if not hasattr(expression, "source") and not hasattr(expression, "distinct"):
        return ANY
    sources = expression.source if hasattr(expression, "source") else [expression.expression]
    kinds = [of(scope, one) for one in sources]
    if name in _FIRST:
        return kinds[0]
    if name in _NUMERIC:
        if "DecimalField" in kinds:
            return "DecimalField"
        if not kinds or any(_is(kind, "IntegerField") for kind in kinds):
            return "FloatField"
    return _alike(kinds)


def _check_aggregate(scope, name, expression):
    inner = expression.expression
    if name in ("Sum", "Avg", "StdDev", "Variance") and of(scope, inner) in ("TimeField", *_DATES):
        from django.db.utils import NotSupportedError

        raise _late(NotSupportedError(
            "You cannot use Sum, Avg, StdDev, and Variance aggregations on date/time fields in sqlite3 since date/time "
            "is saved as text."
        ))
    if getattr(inner, "contains_aggregate", False):
        if scope.summarize:
            from django.db.utils import OperationalError

            raise OperationalError("misuse of aggregate function %s()" % innermost(inner).function)
        inner = inner.__class__.__name__
        raise FieldError("Cannot compute %s('%s'): '%s' is an aggregate" % (name, inner, inner))


def innermost(expression):
    """The aggregate in an expression that has one."""
    if hasattr(expression, "distinct"):
        return expression
    found = [one for one in expression.get_source_expressions() if getattr(one, "contains_aggregate", False)]
    return innermost(found[0])


def _of_name(scope, path):
    if path in scope.known:
        return scope.known[path]
    options = scope.model._meta
    parts = path.split("__")
    for at, part in enumerate(parts):
        field = options.pk if part == "pk" else _field(options, part)
        if field is None:
            return ANY
        if not field.is_relation:
            return field.__class__.__name__ if at == len(parts) - 1 else ANY
        options = field.related_model._meta
    return options.pk.__class__.__name__


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


def read(value, kind):
    """A value of the database as a field of this kind reads it."""
    if value is None or kind is None:
        return value
    if kind == "FloatField":
        return float(value)
    if kind.endswith("IntegerField"):
        return int(value)
    if kind == "BooleanField" and value in (0, 1):
        return bool(value)
    if kind == "DecimalField":
        from decimal import Context, Decimal

        if isinstance(value, float):
            return Context(prec=15).create_decimal_from_float(value)
        return Decimal(value)
    return value


def _of_moment(scope, expression, name):
    kind = of(scope, expression.source[0])
    if kind == ANY or kind is None or kind in ("TimeField", *_DATES):
        dated = getattr(expression, "as_date", False)
        return "IntegerField" if name.startswith("Extract") else "DateField" if dated else _FIXED.get(name, "DateTimeField")
    if name.startswith("Extract"):
        raise ValueError("Extract input expression must be DateField, DateTimeField, TimeField, or DurationField.")
    source = getattr(expression.source[0], "name", None)
    shown = None if source is None else source.rpartition("__")[2]
    raise TypeError("%r isn't a DateField, TimeField, or DateTimeField." % shown)


def _is(kind, base):
    return kind == base or (kind in _BASES and _BASES[kind] == base)


def _alike(kinds):
    known = [kind for kind in kinds if kind is not None]
    for kind in known[1:]:
        if ANY not in (kind, known[0]) and not _is(known[0], kind):
            raise _late(
                FieldError("Expression contains mixed types: %s, %s. You must set output_field." % (known[0], kind))
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
        raise _late(FieldError(
            "Cannot infer type of %r expression involving these types: %s, %s. You must set output_field."
            % (sign, left or "NoneType", right or "NoneType")
        ))
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
