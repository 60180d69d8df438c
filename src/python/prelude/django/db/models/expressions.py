"""Expressions. Each says by its `_node` what it is; `_hallpass` compiles and evaluates them."""

from django.db.models.combining import Combinable, Expression


class F(Combinable):
    contains_aggregate = False

    def __init__(self, name):
        self.name = name
        self._node = ("F", name)

    def __repr__(self):
        return "F(%s)" % self.name

    def __eq__(self, other):
        return self.__class__ == other.__class__ and self.name == other.name

    def __hash__(self):
        return hash(self.name)

    def deconstruct(self):
        return "django.db.models.%s" % self.__class__.__name__, (self.name,), {}


class OuterRef(F):
    contains_aggregate = False

    def __init__(self, name):
        self.name = name if isinstance(name, str) else name.name
        self._node = ("Outer", self.name)

    def __repr__(self):
        return "OuterRef(%s)" % self.name


class Value(Expression):
    def __init__(self, value, output_field=None):
        self.value = value
        self.output_field = output_field
        self.conditional = isinstance(value, bool)
        self._node = ("Value", value)

    def __repr__(self):
        return "Value(%r)" % (self.value,)


class CombinedExpression(Expression):
    def __init__(self, lhs, connector, rhs, output_field=None):
        self.lhs, self.connector, self.rhs = lhs, connector, rhs
        self.contains_aggregate = _sums(lhs) or _sums(rhs)
        self._node = ("Op", connector, lhs, rhs)

    def __repr__(self):
        return "<CombinedExpression: %s>" % self

    def __str__(self):
        return "%s %s %s" % (self.lhs, self.connector, self.rhs)

    def get_source_expressions(self):
        return [self.lhs, self.rhs]


def _sums(expression):
    return getattr(expression, "contains_aggregate", False)


def parse(value):
    """A name stands for the field of that name."""
    return F(value) if isinstance(value, str) else value if hasattr(value, "_node") or hasattr(value, "children") else Value(value)


# By SQL's names: what a script's own functions are made of.
_SQL = {
    **{name.upper(): name for name in (
        "Lower Upper Length Concat Coalesce Abs Round Trim LTrim RTrim Substr Replace NullIf Sign Sqrt Mod Power Exp Ln "
        "Log Sin Cos Tan ASin ACos ATan ATan2 Degrees Radians Pi MD5 SHA1 SHA224 SHA256 SHA384 SHA512 Reverse Repeat "
        "LPad RPad"
    ).split()},
    "IFNULL": "Coalesce", "INSTR": "StrIndex", "CHAR": "Chr", "UNICODE": "Ord", "CEILING": "Ceil", "CEIL": "Ceil",
    "FLOOR": "Floor", "POW": "Power", "MAX": "Greatest", "MIN": "Least", "SUBSTRING": "Substr",
}


class Func(Expression):
    function = None
    arity = None
    arg_joiner = ", "

    def __init__(self, *expressions, output_field=None, **extra):
        if self.arity is not None and len(expressions) != self.arity:
            raise TypeError(
                "'%s' takes exactly %s %s (%s given)"
                % (self.__class__.__name__, self.arity, "argument" if self.arity == 1 else "arguments", len(expressions))
            )
        self.source = [parse(one) for one in expressions]
        self.output_field = output_field
        self.extra = extra
        self.contains_aggregate = any(_sums(one) for one in self.source)

    @property
    def _node(self):
        cls = self.__class__
        asked = self.extra.get("function")
        if asked is None and cls.__module__.startswith("django.db.models.functions."):
            return ("Call", cls.__name__, self.source)
        asked = asked or self.function
        name = _SQL.get(str(asked).upper())
        return ("Call", name, self.source) if name else ("Raise", _refusal("the function %s" % asked))

    def get_source_expressions(self):
        return self.source

    source_expressions = property(get_source_expressions)

    def _get_repr_options(self):
        return {}

    def __repr__(self):
        parts = [str(one) for one in self._shown()]
        extra = {**self.extra, **self._get_repr_options()}
        listed = self.arg_joiner.join(parts)
        if extra:
            listed = ", ".join([listed, *("%s=%s" % pair for pair in sorted(extra.items()))])
        return "%s(%s)" % (self.__class__.__name__, listed)

    def _shown(self):
        return self.source


def made(name, arity, module, function):
    """The class of a function that is its name alone."""
    return type(name, (Func,), {"arity": arity, "function": function, "__module__": module})


class ExpressionWrapper(Expression):
    def __init__(self, expression, output_field):
        self.expression = expression
        self.output_field = output_field
        self.contains_aggregate = _sums(expression)
        self.conditional = hasattr(expression, "children")

    @property
    def _node(self):
        inner = self.expression
        if hasattr(inner, "_node"):
            return inner._node
        if not hasattr(inner, "children"):
            wrong = "'%s' object has no attribute 'resolve_expression'" % type(inner).__name__
            return ("Raise", AttributeError(wrong))
        return ("Case", [(inner, Value(True))], Value(False))

    def get_source_expressions(self):
        return [self.expression]

    def __repr__(self):
        return "%s(%s)" % (self.__class__.__name__, self.expression)


class NegatedExpression(ExpressionWrapper):
    """The opposite of a condition."""

    def __init__(self, expression):
        from django.db.models.fields import BooleanField

        super().__init__(expression, BooleanField())
        self.conditional = True

    def __invert__(self):
        return self.expression.copy()

    @property
    def _node(self):
        return ("Not", self.expression)


class When(Expression):
    def __init__(self, condition=None, then=None, **lookups):
        from django.db.models.query_utils import Q

        if lookups:
            condition = Q(**lookups) if condition is None else Q(condition, **lookups)
        if condition is None or not getattr(condition, "conditional", False):
            raise TypeError(
                "When() supports a Q object, a boolean expression, or lookups as a condition."
            )
        self.condition = condition
        self.result = parse(then)

    def __str__(self):
        return "WHEN %r THEN %r" % (self.condition, self.result)

    def __repr__(self):
        return "<%s: %s>" % (self.__class__.__name__, self)

    def get_source_expressions(self):
        return [self.condition, self.result]


class Case(Expression):
    def __init__(self, *cases, default=None, output_field=None, **extra):
        if not all(isinstance(case, When) for case in cases):
            raise TypeError("Positional arguments must all be When objects.")
        self.cases = list(cases)
        self.default = parse(default)
        self.output_field = output_field
        self.contains_aggregate = any(_sums(case.result) for case in cases)
        self._node = ("Case", [(case.condition, case.result) for case in cases], self.default)

    def __str__(self):
        return "CASE %s, ELSE %r" % (", ".join(str(case) for case in self.cases), self.default)

    def __repr__(self):
        return "<%s: %s>" % (self.__class__.__name__, self)

    def get_source_expressions(self):
        return [*self.cases, self.default]


class Subquery(Expression):
    def __init__(self, queryset, output_field=None, **extra):
        self.queryset = queryset
        self.output_field = output_field
        self._node = ("Sub", queryset.query)


class Exists(Subquery):
    conditional = True

    def __init__(self, queryset, **kwargs):
        super().__init__(queryset)
        self._node = ("Exists", queryset.query, False)


class OrderBy(Expression):
    def __init__(self, expression, descending=False, nulls_first=None, nulls_last=None):
        if nulls_first and nulls_last:
            raise ValueError("nulls_first and nulls_last are mutually exclusive")
        if not hasattr(expression, "_node"):
            raise ValueError("expression must be an expression type")
        self.expression = self._ordered = expression
        self.descending, self.nulls_first, self.nulls_last = descending, nulls_first, nulls_last
        self.contains_aggregate = _sums(expression)
        self._node = expression._node

    def asc(self):
        self.descending = False

    def desc(self):
        self.descending = True

    def reverse_ordering(self):
        self.descending = not self.descending
        return self

    def __repr__(self):
        return "OrderBy(%r, descending=%r)" % (self.expression, self.descending)


def _refusal(name):
    from django.db.utils import NotSupportedError

    return NotSupportedError("hallpass has no SQL: %s is not available" % name)


def _no_sql(name):
    class Refused:
        def __init__(self, *args, **kwargs):
            raise _refusal(name)

    Refused.__name__ = Refused.__qualname__ = name
    return Refused


RawSQL = _no_sql("RawSQL")
Window = _no_sql("Window")


def __getattr__(name):
    if name == "OutputFieldIsNoneError":
        from django.db.models.kinds import OutputFieldIsNoneError

        return OutputFieldIsNoneError
    raise AttributeError("module 'django.db.models.expressions' has no attribute %r" % name)
