"""What every expression can do: arithmetic, logic, and being equal to another one."""


class Combinable:
    ADD, SUB, MUL, DIV, POW, MOD = "+", "-", "*", "/", "^", "%%"
    BITAND, BITOR, BITXOR, BITLEFTSHIFT, BITRIGHTSHIFT = "&", "|", "#", "<<", ">>"

    def _op(self, sign, other, reverse=False):
        from django.db.models.expressions import CombinedExpression, Value

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
        return self._op("#", other)

    def bitleftshift(self, other):
        return self._op("<<", other)

    def bitrightshift(self, other):
        return self._op(">>", other)

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

    def _no_logic(self, other):
        raise NotImplementedError("Use .bitand(), .bitor(), and .bitxor() for bitwise logical operations.")

    __rand__ = __ror__ = __rxor__ = _no_logic

    def __invert__(self):
        from django.db.models.expressions import NegatedExpression

        return NegatedExpression(self)

    def asc(self, **kwargs):
        from django.db.models.expressions import OrderBy

        return OrderBy(self, **kwargs)

    def desc(self, **kwargs):
        from django.db.models.expressions import OrderBy

        return OrderBy(self, descending=True, **kwargs)

    def copy(self):
        import copy

        return copy.copy(self)


class Expression(Combinable):
    contains_aggregate = False
    conditional = False
    output_field = None
    filterable = True

    def __new__(cls, *args, **kwargs):
        made = super().__new__(cls)
        made._constructor_args = (args, kwargs)
        return made

    @property
    def identity(self):
        """The class, and what it was made of: what makes two expressions equal."""
        import inspect

        from django.db.models.fields import Field
        from django.utils.hashable import make_hashable

        args, kwargs = self._constructor_args
        bound = inspect.signature(type(self).__init__).bind_partial(self, *args, **kwargs)
        bound.apply_defaults()
        found = [self.__class__]
        for name, value in list(bound.arguments.items())[1:]:
            if isinstance(value, Field):
                value = (value.model._meta.label, value.name) if value.name and value.model else type(value)
            else:
                value = make_hashable(value)
            found.append((name, value))
        return tuple(found)

    def __eq__(self, other):
        if not isinstance(other, Expression):
            return NotImplemented
        return other.identity == self.identity

    def __hash__(self):
        return hash(self.identity)

    def get_source_expressions(self):
        return []

    def flatten(self):
        yield self
        for one in self.get_source_expressions():
            if one is not None:
                yield from one.flatten() if hasattr(one, "flatten") else (one,)


for _kind in (Combinable, Expression):
    _kind.__module__ = "django.db.models.expressions"
