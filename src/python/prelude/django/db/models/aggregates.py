"""Values that sum up several rows."""

from django.db.models.expressions import Expression, F, Value, parse


class Aggregate(Expression):
    contains_aggregate = True
    allow_distinct = False

    def __init__(self, expression, distinct=False, filter=None, default=None, **extra):
        if distinct and not self.allow_distinct:
            raise TypeError("%s does not allow distinct." % self.__class__.__name__)
        if default is not None and self.__class__.__name__ == "Count":
            raise TypeError("Count does not allow default.")
        self.expression = parse(expression)
        self.distinct, self.filter, self.default = distinct, filter, default
        default = default.value if isinstance(default, Value) else default
        self._node = ("Aggregate", self.__class__.__name__, self.expression, distinct, filter, default)

    @property
    def default_alias(self):
        if isinstance(self.expression, F) and self.filter is None:
            return "%s__%s" % (self.expression.name, self.__class__.__name__.lower())
        raise TypeError("Complex expressions require an alias")

    def __repr__(self):
        rest = ", distinct=True" if self.distinct else ""
        return "%s(%s%s)" % (self.__class__.__name__, self.expression, rest)


class Star(Value):
    """All rows."""

    def __init__(self):
        super().__init__("*")

    def __repr__(self):
        return "'*'"


class Count(Aggregate):
    allow_distinct = True

    def __init__(self, expression, filter=None, **extra):
        if expression == "*":
            if filter is not None:
                raise ValueError("Star cannot be used with filter. Please specify a field.")
            super().__init__(Star(), filter=filter, **extra)
            self._node = ("Aggregate", "Count", None, False, filter, None)
            return
        super().__init__(expression, filter=filter, **extra)


class Sum(Aggregate):
    allow_distinct = True


class Avg(Aggregate):
    allow_distinct = True


class Min(Aggregate):
    allow_distinct = True


class Max(Aggregate):
    allow_distinct = True


class Variance(Aggregate):
    def __init__(self, expression, sample=False, **extra):
        super().__init__(expression, **extra)


class StdDev(Aggregate):
    def __init__(self, expression, sample=False, **extra):
        super().__init__(expression, **extra)
