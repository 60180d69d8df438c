"""Decorators for methods."""

from functools import wraps


class classonlymethod(classmethod):
    def __get__(self, instance, cls=None):
        if instance is not None:
            raise AttributeError("This method is available only on the class, not on instances.")
        return super().__get__(instance, cls)


def method_decorator(decorator, name=""):
    """A decorator of functions, for methods."""
    decorators = list(decorator) if hasattr(decorator, "__iter__") else [decorator]

    def wrapped(method):
        @wraps(method)
        def wrapper(self, *args, **kwargs):
            bound = method.__get__(self, type(self))
            for one in reversed(decorators):
                bound = one(bound)
            return bound(*args, **kwargs)

        return wrapper

    def decorate(obj):
        if not isinstance(obj, type):
            return wrapped(obj)
        if not hasattr(obj, name):
            raise ValueError(
                "The keyword argument `name` must be the name of a method of the decorated class: %s. Got '%s' instead."
                % (obj, name)
            )
        setattr(obj, name, wrapped(getattr(obj, name)))
        return obj

    return decorate
