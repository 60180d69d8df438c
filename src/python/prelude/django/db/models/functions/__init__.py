"""Functions of values."""

from django.db.models.expressions import Expression, F, Func, Value, _no_sql, parse


def _made(name, arity=None):
    return type(name, (Func,), {"arity": arity, "__module__": __name__})


Lower, Upper, Length, Trim, LTrim, RTrim, Reverse, Abs, Ceil, Floor, Sqrt, Sign = (
    _made(name, 1)
    for name in ("Lower", "Upper", "Length", "Trim", "LTrim", "RTrim", "Reverse", "Abs", "Ceil", "Floor", "Sqrt", "Sign")
)
Mod, Power, NullIf, StrIndex = (_made(name, 2) for name in ("Mod", "Power", "NullIf", "StrIndex"))
Now = _made("Now", 0)


class _Several(Func):
    least = 2

    def __init__(self, *expressions, **extra):
        if len(expressions) < self.least:
            raise ValueError("%s must take at least two expressions" % self.__class__.__name__)
        super().__init__(*expressions, **extra)


class Concat(_Several):
    pass


class Coalesce(_Several):
    pass


class Greatest(_Several):
    pass


class Least(_Several):
    pass


class _Text(Func):
    """A function of a text whose other arguments are plain values, not names."""

    def __init__(self, expression, *args, **extra):
        rest = [one if hasattr(one, "_node") else Value(one) for one in args if one is not None]
        super().__init__(expression, *rest, **extra)


class Substr(_Text):
    def __init__(self, expression, pos, length=None, **extra):
        if not hasattr(pos, "_node") and pos < 1:
            raise ValueError("'pos' must be greater than 0")
        super().__init__(expression, pos, length, **extra)


class Left(_Text):
    def __init__(self, expression, length, **extra):
        if not hasattr(length, "_node") and length < 1:
            raise ValueError("'length' must be greater than 0.")
        super().__init__(expression, length, **extra)


class Right(Left):
    pass


class Replace(_Text):
    def __init__(self, expression, text, replacement=Value(""), **extra):
        super().__init__(expression, text, replacement, **extra)


class Repeat(_Text):
    def __init__(self, expression, number, **extra):
        if not hasattr(number, "_node") and number is not None and number < 0:
            raise ValueError("'number' must be greater or equal to 0.")
        super().__init__(expression, number, **extra)


class LPad(_Text):
    def __init__(self, expression, length, fill_text=Value(" "), **extra):
        if not hasattr(length, "_node") and length is not None and length < 0:
            raise ValueError("'length' must be greater or equal to 0.")
        super().__init__(expression, length, fill_text, **extra)


class RPad(LPad):
    pass


class Round(_Text):
    def __init__(self, expression, precision=0, **extra):
        super().__init__(expression, precision, **extra)


class Cast(Func):
    def __init__(self, expression, output_field):
        super().__init__(expression)
        self.output_field = output_field

    @property
    def _node(self):
        kind = getattr(self.output_field, "get_internal_type", lambda: "")()
        name = {
            "IntegerField": "ToInt", "BigIntegerField": "ToInt", "AutoField": "ToInt", "SmallIntegerField": "ToInt",
            "PositiveIntegerField": "ToInt", "FloatField": "ToFloat", "DecimalField": "ToFloat", "BooleanField": "ToBool",
            "DateField": "ToDate", "TimeField": "ToClock",
        }.get(kind, "ToText" if kind in ("CharField", "TextField", "EmailField") else "Coalesce")
        return ("Call", name, self.source)


class Extract(Func):
    lookup_name = None

    def __init__(self, expression, lookup_name=None, tzinfo=None, **extra):
        self.lookup_name = lookup_name or self.lookup_name
        if self.lookup_name is None:
            raise ValueError("lookup_name must be provided")
        super().__init__(expression, **extra)

    @property
    def _node(self):
        return ("Extract", self.source[0], self.lookup_name)


class TruncBase(Func):
    kind = None
    as_date = False

    def __init__(self, expression, kind=None, as_date=None, tzinfo=None, **extra):
        self.kind = kind or self.kind
        self.as_date = self.as_date if as_date is None else as_date
        super().__init__(expression, **extra)

    @property
    def _node(self):
        return ("Trunc", self.source[0], self.kind, self.as_date)


class Trunc(TruncBase):
    def __init__(self, expression, kind, output_field=None, tzinfo=None, **extra):
        as_date = getattr(output_field, "get_internal_type", lambda: "")() == "DateField"
        super().__init__(expression, kind, as_date)


for _name in ("Year", "IsoYear", "Month", "Day", "Week", "WeekDay", "IsoWeekDay", "Quarter", "Hour", "Minute", "Second"):
    _lookup = {"IsoYear": "iso_year", "WeekDay": "week_day", "IsoWeekDay": "iso_week_day"}.get(_name, _name.lower())
    globals()["Extract" + _name] = type("Extract" + _name, (Extract,), {"lookup_name": _lookup, "__module__": __name__})
for _name in ("Year", "Quarter", "Month", "Week", "Day", "Hour", "Minute", "Second"):
    globals()["Trunc" + _name] = type("Trunc" + _name, (TruncBase,), {"kind": _name.lower(), "__module__": __name__})


class TruncDate(Func):
    @property
    def _node(self):
        return ("Call", "ToDate", self.source[:1])


class TruncTime(Func):
    @property
    def _node(self):
        return ("Call", "ToClock", self.source[:1])


for _name in (
    "ACos ASin ATan ATan2 Chr Collate ConcatPair Cos Cot CumeDist Degrees DenseRank Exp FirstValue JSONArray JSONObject "
    "Lag LastValue Lead Ln Log MD5 NthValue Ntile Ord PercentRank Pi Radians Random Rank RowNumber SHA1 SHA224 SHA256 "
    "SHA384 SHA512 Sin Tan"
).split():
    globals()[_name] = _no_sql(_name)
