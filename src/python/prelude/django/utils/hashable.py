"""Values as they can be keys."""


def make_hashable(value):
    if isinstance(value, dict):
        return tuple((key, make_hashable(nested)) for key, nested in sorted(value.items()))
    try:
        hash(value)
    except TypeError:
        if hasattr(value, "__iter__"):
            return tuple(map(make_hashable, value))
        raise
    return value
