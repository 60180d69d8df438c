"""Functions of numbers."""

from django.db.models.expressions import Func, Value, _no_sql, made

Abs, ACos, ASin, ATan, Ceil, Cos, Cot, Degrees, Exp, Floor, Ln, Radians, Sign, Sin, Sqrt, Tan = (
    made(name, 1, __name__, function)
    for name, function in (
        ("Abs", "ABS"), ("ACos", "ACOS"), ("ASin", "ASIN"), ("ATan", "ATAN"), ("Ceil", "CEILING"), ("Cos", "COS"),
        ("Cot", "COT"), ("Degrees", "DEGREES"), ("Exp", "EXP"), ("Floor", "FLOOR"), ("Ln", "LN"),
        ("Radians", "RADIANS"), ("Sign", "SIGN"), ("Sin", "SIN"), ("Sqrt", "SQRT"), ("Tan", "TAN"),
    )
)
ATan2, Log, Mod, Power = (
    made(name, 2, __name__, function)
    for name, function in (("ATan2", "ATAN2"), ("Log", "LOG"), ("Mod", "MOD"), ("Power", "POWER"))
)
Pi = made("Pi", 0, __name__, "PI")
Random = _no_sql("Random")


class Round(Func):
    function = "ROUND"
    # Django counts the precision as an argument of its own.
    arity = None

    def __init__(self, expression, precision=0, **extra):
        super().__init__(expression, precision if hasattr(precision, "_node") else Value(precision), **extra)
