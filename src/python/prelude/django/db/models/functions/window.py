"""Functions of windows: there are none here."""

from django.db.models.expressions import _no_sql

CumeDist, DenseRank, FirstValue, Lag, LastValue, Lead, NthValue, Ntile, PercentRank, Rank, RowNumber = (
    _no_sql(name)
    for name in (
        "CumeDist DenseRank FirstValue Lag LastValue Lead NthValue Ntile PercentRank Rank RowNumber"
    ).split()
)
