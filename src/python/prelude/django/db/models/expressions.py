"""Expressions. Each says by its `_node` what it is; `_hallpass` compiles and evaluates them."""


class Combinable:
    def _op(self, sign, other, reverse=False):
        if not hasattr(other, "_node"):
            other = Value(other)
        return CombinedExpression(other, sign, self) if reverse else CombinedExpression(self, sign, other)

    def __add__(self, other):
        return self._op("+", other)

    def __sub__(self, other):
        return self._op("-", other)

    def __mul__(self, other):
        return self._op("*", other)

    def __truediv__(self, other):
        return self._op("/", other)

    def __mod__(self, other):
        return self._op("%%", other)

    def __pow__(self, other):
        return self._op("^", other)

    def __radd__(self, other):
        return self._op("+", other, True)

    def __rsub__(self, other):
        return self._op("-", other, True)

    def __rmul__(self, other):
        return self._op("*", other, True)

    def __rtruediv__(self, other):
        return self._op("/", other, True)

    def __rmod__(self, other):
        return self._op("%%", other, True)

    def __rpow__(self, other):
        return self._op("^", other, True)

    def __neg__(self):
        return self._op("*", -1)

    def bitand(self, other):
        return self._op("&", other)

    def bitor(self, other):
        return self._op("|", other)

    def bitxor(self, other):
        _refuse("bitxor")

    def bitleftshift(self, other):
        _refuse("bitleftshift")

    def bitrightshift(self, other):
        _refuse("bitrightshift")

    def _logical(self, other, connector):
        from django.db.models.query_utils import Q

        if getattr(self, "conditional", False) and getattr(other, "conditional", False):
            return Q(self)._combine(Q(other) if not isinstance(other, Q) else other, connector)
        raise NotImplementedError("Use .bitand(), .bitor(), and .bitxor() for bitwise logical operations.")

    def __and__(self, other):
        return self._logical(other, "AND")

    def __or__(self, other):
        return self._logical(other, "OR")

    def __xor__(self, other):
        return self._logical(other, "XOR")

    def __invert__(self):
        from django.db.models.query_utils import Q

        return ~Q(self)

    def asc(self, **kwargs):
        return OrderBy(self, **kwargs)

    def desc(self, **kwargs):
        return OrderBy(self, descending=True, **kwargs)


class Expression(Combinable):
    contains_aggregate = False
    conditional = False
    output_field = None

    def __repr__(self):
        return "<%s>" % self.__class__.__name__


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


def _sums(expression):
    return getattr(expression, "contains_aggregate", False)


def parse(value):
    """A name stands for the field of that name."""
    return F(value) if isinstance(value, str) else value if hasattr(value, "_node") or hasattr(value, "children") else Value(value)


class Func(Expression):
    function = None
    arity = None

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
        names = {"LOWER": "Lower", "UPPER": "Upper", "LENGTH": "Length", "CONCAT": "Concat", "COALESCE": "Coalesce",
                 "ABS": "Abs", "ROUND": "Round", "TRIM": "Trim", "SUBSTR": "Substr", "REPLACE": "Replace"}
        name = names.get(str(self.extra.get("function") or self.function).upper(), self.__class__.__name__)
        return ("Call", name, self.source)

    def get_source_expressions(self):
        return self.source

    def __repr__(self):
        return "%s(%s)" % (self.__class__.__name__, ", ".join(str(one) for one in self.source))


class ExpressionWrapper(Expression):
    def __init__(self, expression, output_field):
        self.expression = expression
        self.output_field = output_field
        self.contains_aggregate = _sums(expression)
        self.conditional = hasattr(expression, "children")

    @property
    def _node(self):
        inner = self.expression
        return inner._node if hasattr(inner, "_node") else ("Case", [(inner, Value(True))], Value(False))


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


class Case(Expression):
    def __init__(self, *cases, default=None, output_field=None, **extra):
        if not all(isinstance(case, When) for case in cases):
            raise TypeError("Positional arguments must all be When objects.")
        self.cases = list(cases)
        self.default = parse(default)
        self.output_field = output_field
        self.contains_aggregate = any(_sums(case.result) for case in cases)
        self._node = ("Case", [(case.condition, case.result) for case in cases], self.default)


class Subquery(Expression):
    def __init__(self, queryset, output_field=None, **extra):
        self.queryset = queryset
        self.output_field = output_field
        self._node = ("Sub", queryset.query)


class Exists(Expression):
    conditional = True

    def __init__(self, queryset, negated=False, **kwargs):
        self.queryset = queryset
        self.negated = negated
        self._node = ("Exists", queryset.query, negated)

    def __invert__(self):
        return Exists(self.queryset, not self.negated)


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


def _refuse(name):
    from django.db.utils import NotSupportedError

    raise NotSupportedError("hallpass has no SQL: %s is not available" % name)


def _no_sql(name):
    class Refused:
        def __init__(self, *args, **kwargs):
            _refuse(name)

    Refused.__name__ = Refused.__qualname__ = name
    return Refused


RawSQL = _no_sql("RawSQL")
Window = _no_sql("Window")


def __getattr__(name):
    if name == "OutputFieldIsNoneError":
        from django.db.models.kinds import OutputFieldIsNoneError

        return OutputFieldIsNoneError
    raise AttributeError("module 'django.db.models.expressions' has no attribute %r" % name)
