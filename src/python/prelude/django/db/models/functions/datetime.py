"""Functions of moments."""

from django.db.models.expressions import Func, made

Now = made("Now", 0, __name__, "CURRENT_TIMESTAMP")


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
