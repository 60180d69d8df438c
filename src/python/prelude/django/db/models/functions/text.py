"""Functions of texts."""

from django.db.models.expressions import Func, Value, made
from django.db.models.functions.comparison import _Several

Chr, Lower, LTrim, Length, Ord, Reverse, RTrim, Trim, Upper = (
    made(name, 1, __name__, function)
    for name, function in (
        ("Chr", "CHR"), ("Lower", "LOWER"), ("LTrim", "LTRIM"), ("Length", "LENGTH"), ("Ord", "ASCII"),
        ("Reverse", "REVERSE"), ("RTrim", "RTRIM"), ("Trim", "TRIM"), ("Upper", "UPPER"),
    )
)
MD5, SHA1, SHA224, SHA256, SHA384, SHA512 = (
    made(name, 1, __name__, name) for name in ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")
)
StrIndex = made("StrIndex", 2, __name__, "INSTR")


class ConcatPair(Func):
    """Two texts, one behind the other."""

    function = "CONCAT"


class Concat(_Several):
    def __init__(self, *expressions, **extra):
        super().__init__(*expressions, **extra)
        self._parts = expressions

    def _shown(self):
        # Django puts them together in pairs, from the end.
        pair = ConcatPair(*self._parts[-2:])
        for part in reversed(self._parts[:-2]):
            pair = ConcatPair(part, pair)
        return [pair]


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
