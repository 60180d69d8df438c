"""Enumerations whose members have words for people: `TextChoices`, `IntegerChoices`."""

import enum

__all__ = ["Choices", "IntegerChoices", "TextChoices"]


class ChoicesType(enum.EnumMeta):
    def __new__(mcs, name, bases, namespace, **kwargs):
        labels = []
        for key in namespace._member_names:
            value = namespace[key]
            if isinstance(value, (list, tuple)) and len(value) > 1 and isinstance(value[-1], str):
                *value, label = value
                value = tuple(value)
            else:
                label = key.replace("_", " ").title()
            labels.append(label)
            # The namespace of an enumeration takes no second value of a name by itself.
            dict.__setitem__(namespace, key, value)
        made = super().__new__(mcs, name, bases, namespace, **kwargs)
        for member, label in zip(made.__members__.values(), labels):
            member._label_ = label
        return enum.unique(made)

    def __contains__(cls, member):
        if not isinstance(member, enum.Enum):
            return any(one.value == member for one in cls)
        return super().__contains__(member)

    @property
    def names(cls):
        empty = ["__empty__"] if hasattr(cls, "__empty__") else []
        return empty + [member.name for member in cls]

    @property
    def choices(cls):
        empty = [(None, cls.__empty__)] if hasattr(cls, "__empty__") else []
        return empty + [(member.value, member.label) for member in cls]

    @property
    def labels(cls):
        return [label for _, label in cls.choices]

    @property
    def values(cls):
        return [value for value, _ in cls.choices]


class Choices(enum.Enum, metaclass=ChoicesType):
    @property
    def label(self):
        return self._label_

    @property
    def do_not_call_in_templates(self):
        return True

    def __str__(self):
        return str(self.value)

    def __repr__(self):
        return "%s.%s" % (self.__class__.__qualname__, self._name_)


class IntegerChoices(int, Choices):
    """Choices that are whole numbers."""


class TextChoices(str, Choices):
    """Choices that are texts."""

    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        return name
