"""The row before and the row behind one, by a moment: `get_next_by_date_joined` and its like."""


def install(cls, name):
    """Gives a class the two methods of a field."""
    for word, is_next in (("next", True), ("previous", False)):
        setattr(cls, "get_%s_by_%s" % (word, name), _Neighbour(name, is_next))


class _Neighbour:
    """One such method, as an attribute of the class and of its instances."""

    def __init__(self, name, is_next):
        self._name, self._is_next = name, is_next

    def __get__(self, instance, cls=None):
        from functools import partial

        if instance is None:
            return partial(_found, name=self._name, is_next=self._is_next)
        return partial(_found, instance, name=self._name, is_next=self._is_next)


def _found(instance, *, name, is_next, **kwargs):
    from django.db.models.query_utils import Q

    if instance.pk is None:
        raise ValueError("get_next/get_previous cannot be used on unsaved objects.")
    sign, order = ("gt", "") if is_next else ("lt", "-")
    at = getattr(instance, name)
    here = Q(**{name: at, "pk__" + sign: instance.pk})
    cls = instance.__class__
    found = cls._default_manager.filter(**kwargs).filter(here | Q(**{"%s__%s" % (name, sign): at}))
    for one in found.order_by(order + name, order + "pk")[:1]:
        return one
    raise instance.DoesNotExist("%s matching query does not exist." % cls._meta.object_name)
