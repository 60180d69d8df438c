"""Functions that choose between values, and that turn one kind into another."""

from django.db.models.expressions import Func, _no_sql, made


class _Several(Func):
    def __init__(self, *expressions, **extra):
        if len(expressions) < 2:
            raise ValueError("%s must take at least two expressions" % self.__class__.__name__)
        super().__init__(*expressions, **extra)


class Coalesce(_Several):
    function = "COALESCE"


class Greatest(_Several):
    function = "GREATEST"


class Least(_Several):
    function = "LEAST"


NullIf = made("NullIf", 2, __name__, "NULLIF")


class Cast(Func):
    function = "CAST"

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


Collate, JSONArray, JSONObject = (_no_sql(name) for name in ("Collate", "JSONArray", "JSONObject"))
