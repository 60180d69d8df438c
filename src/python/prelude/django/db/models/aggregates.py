"""Values that sum up several rows."""

from django.db.models.expressions import Func, Value, parse


class Aggregate(Func):
    contains_aggregate = True
    allow_distinct = False
    # Django's name of it; an aggregate of another one is named after this.
    name = None
    filterable = True

    def __init__(self, expression, distinct=False, filter=None, default=None, output_field=None, **extra):
        if distinct and not self.allow_distinct:
            raise TypeError("%s does not allow distinct." % self.__class__.__name__)
        if default is not None and self.__class__.__name__ == "Count":
            raise TypeError("Count does not allow default.")
        self.expression = parse(expression)
        self.distinct, self.filter, self.default = distinct, filter, default
        self.output_field, self.extra = output_field, extra
        self._default = default.value if isinstance(default, Value) else default

    @property
    def _node(self):
        return ("Aggregate", self._summary(), self.expression, self.distinct, self.filter, self._default)

    def _summary(self):
        return self.name

    @property
    def source(self):
        return [self.expression]

    @property
    def default_alias(self):
        if hasattr(self.expression, "name") and self.filter is None:
            inner = self.expression
            return "%s__%s" % (None if hasattr(inner, "distinct") else inner.name, self.name.lower())
        raise TypeError("Complex expressions require an alias")

    def get_source_expressions(self):
        return [self.expression] if self.filter is None else [self.expression, self.filter]

    def _get_repr_options(self):
        options = {}
        if self.distinct:
            options["distinct"] = self.distinct
        if self.filter:
            options["filter"] = self.filter
        return options


class Star(Value):
    """All rows."""

    def __init__(self):
        super().__init__("*")

    def __repr__(self):
        return "'*'"


class Count(Aggregate):
    function, name = "COUNT", "Count"
    allow_distinct = True

    def __init__(self, expression, filter=None, **extra):
        if expression == "*":
            if filter is not None:
                raise ValueError("Star cannot be used with filter. Please specify a field.")
            super().__init__(Star(), filter=filter, **extra)
            return
        super().__init__(expression, filter=filter, **extra)


class Sum(Aggregate):
    function, name = "SUM", "Sum"
    allow_distinct = True


class Avg(Aggregate):
    function, name = "AVG", "Avg"
    allow_distinct = True


class Min(Aggregate):
    function, name = "MIN", "Min"
    allow_distinct = True


class Max(Aggregate):
    function, name = "MAX", "Max"
    allow_distinct = True


class Variance(Aggregate):
    name = "Variance"
    _sql = "VAR"

    def __init__(self, expression, sample=False, **extra):
        self.function = self._sql + ("_SAMP" if sample else "_POP")
        self._sample = sample
        super().__init__(expression, **extra)

    def _summary(self):
        return "Sample" + self.name if self._sample else self.name

    def _get_repr_options(self):
        return {**super()._get_repr_options(), "sample": self._sample}


class StdDev(Variance):
    name = "StdDev"
    _sql = "STDDEV"
