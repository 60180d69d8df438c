"""What a query set is an instance of that can find nothing: `none()`."""


class _Checked(type):
    def __instancecheck__(cls, instance):
        from django.db.models.query import QuerySet

        return isinstance(instance, QuerySet) and instance.query.is_empty


class EmptyQuerySet(metaclass=_Checked):
    def __init__(self, *args, **kwargs):
        raise TypeError("EmptyQuerySet can't be instantiated")
