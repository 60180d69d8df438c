"""Choices, in whatever form they were given."""


def flatten_choices(choices):
    for value_or_group, label_or_nested in choices or ():
        if isinstance(label_or_nested, (list, tuple)):
            yield from label_or_nested
        else:
            yield value_or_group, label_or_nested


def normalize_choices(value, *, depth=0):
    if isinstance(value, type) and hasattr(value, "choices"):
        return value.choices
    if isinstance(value, dict):
        value = value.items()
    elif isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return value
    nested = depth < 1
    return [
        (key, normalize_choices(label, depth=depth + 1) if nested and not isinstance(label, str) else label)
        for key, label in value
    ]
