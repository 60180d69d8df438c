"""Functions of values."""

from django.db.models.functions.comparison import Cast, Coalesce, Collate, Greatest, JSONArray, JSONObject, Least, NullIf
from django.db.models.functions.datetime import *
from django.db.models.functions.math import (
    Abs, ACos, ASin, ATan, ATan2, Ceil, Cos, Cot, Degrees, Exp, Floor, Ln, Log, Mod, Pi, Power, Radians, Random, Round,
    Sign, Sin, Sqrt, Tan,
)
from django.db.models.functions.text import (
    MD5, SHA1, SHA224, SHA256, SHA384, SHA512, Chr, Concat, ConcatPair, Left, Length, Lower, LPad, LTrim, Ord, Repeat,
    Replace, Reverse, Right, RPad, RTrim, StrIndex, Substr, Trim, Upper,
)
from django.db.models.functions.window import (
    CumeDist, DenseRank, FirstValue, Lag, LastValue, Lead, NthValue, Ntile, PercentRank, Rank, RowNumber,
)
