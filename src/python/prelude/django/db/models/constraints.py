"""Constraints and indexes as values. Those of the tables are the store's own; nothing is added to them."""


class _Named:
    def __init__(self, *, name):
        self.name = name

    def deconstruct(self):
        path = "django.db.models.%s" % type(self).__name__
        return path, (), dict(self._told())

    def __repr__(self):
        told = " ".join("%s=%s" % (name, _shown(value)) for name, value in self._told())
        return "<%s: %s>" % (type(self).__name__, told)

    def __eq__(self, other):
        return self.deconstruct() == other.deconstruct() if type(other) is type(self) else NotImplemented

    def __hash__(self):
        return hash(repr(self))


def _shown(value):
    return repr(value) if isinstance(value, (str, list, tuple)) else str(value)


class BaseConstraint(_Named):
    def __init__(self, *, name, violation_error_code=None, violation_error_message=None):
        super().__init__(name=name)
        self.violation_error_code, self.violation_error_message = violation_error_code, violation_error_message


class CheckConstraint(BaseConstraint):
    def __init__(self, *, condition, name, violation_error_code=None, violation_error_message=None):
        super().__init__(
            name=name, violation_error_code=violation_error_code, violation_error_message=violation_error_message
        )
        if not getattr(condition, "conditional", False):
            raise TypeError("CheckConstraint.condition must be a Q instance or boolean expression.")
        self.condition = condition

    def _told(self):
        yield "condition", self.condition
        yield "name", self.name


class UniqueConstraint(BaseConstraint):
    def __init__(self, *expressions, fields=(), name=None, condition=None, deferrable=None, include=None,
                 opclasses=(), nulls_distinct=None, violation_error_code=None, violation_error_message=None):
        if not name:
            raise ValueError("A unique constraint must be named.")
        if not expressions and not fields:
            raise ValueError("At least one field or expression is required to define a unique constraint.")
        if expressions and fields:
            raise ValueError("UniqueConstraint.fields and expressions are mutually exclusive.")
        super().__init__(
            name=name, violation_error_code=violation_error_code, violation_error_message=violation_error_message
        )
        self.expressions, self.fields, self.condition = expressions, tuple(fields), condition
        self.deferrable, self.include, self.opclasses = deferrable, tuple(include or ()), opclasses
        self.nulls_distinct = nulls_distinct

    def _told(self):
        if self.fields:
            yield "fields", self.fields
        if self.expressions:
            yield "expressions", self.expressions
        yield "name", self.name
        if self.condition is not None:
            yield "condition", self.condition


class Index(_Named):
    suffix = "idx"
    max_name_length = 30

    def __init__(self, *expressions, fields=(), name=None, db_tablespace=None, opclasses=(), condition=None,
                 include=None):
        if not isinstance(fields, (list, tuple)):
            raise ValueError("Index.fields must be a list or tuple.")
        if not expressions and not fields:
            raise ValueError("At least one field or expression is required to define an index.")
        if expressions and not name:
            raise ValueError("An index must be named to use expressions.")
        super().__init__(name=name or "")
        self.expressions, self.fields, self.condition = expressions, list(fields), condition
        self.include, self.opclasses, self.db_tablespace = tuple(include or ()), opclasses, db_tablespace
        self.fields_orders = [(f[1:], "DESC") if f.startswith("-") else (f, "") for f in self.fields]

    def _told(self):
        if self.fields:
            yield "fields", self.fields
        if self.expressions:
            yield "expressions", self.expressions
        if self.name:
            yield "name", self.name
        if self.condition is not None:
            yield "condition", self.condition
