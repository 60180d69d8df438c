"""Classes whose instances know what they were made with."""


def deconstructible(*args, path=None):
    def decorator(klass):
        def __new__(cls, *args, **kwargs):
            made = super(klass, cls).__new__(cls)
            made._constructor_args = (args, kwargs)
            return made

        def deconstruct(obj):
            name = path or "%s.%s" % (obj.__class__.__module__, obj.__class__.__name__)
            return (name, *obj._constructor_args)

        klass.__new__ = staticmethod(__new__)
        klass.deconstruct = deconstruct
        return klass

    return decorator(*args) if args else decorator
