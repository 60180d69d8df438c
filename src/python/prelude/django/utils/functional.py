"""Values that are made when they are needed."""

from functools import total_ordering, wraps

empty = object()


class cached_property:
    """A method that becomes the attribute it returned."""

    name = None

    def __init__(self, func, name=None):
        self.real_func = func
        self.__doc__ = getattr(func, "__doc__", None)

    def func(self, instance):
        return self.real_func(instance)

    def __set_name__(self, owner, name):
        if self.name is not None and self.name != name:
            raise TypeError("Cannot assign the same cached_property to two different names (%r and %r)."
                            % (self.name, name))
        self.name = name

    def __get__(self, instance, cls=None):
        if instance is None:
            return self
        if self.name is None:
            raise TypeError("Cannot use cached_property instance without calling __set_name__() on it.")
        value = instance.__dict__[self.name] = self.real_func(instance)
        return value


class classproperty:
    """A method of a class that is read like an attribute."""

    def __init__(self, method=None):
        self.fget = method

    def __get__(self, instance, cls=None):
        return self.fget(cls)

    def getter(self, method):
        self.fget = method
        return self


class Promise:
    """What is made when it is used."""


@total_ordering
class _Lazy(Promise):
    def __init__(self, func, args, kwargs):
        self._made_by = func, args, kwargs

    def _value(self):
        func, args, kwargs = self._made_by
        return func(*args, **kwargs)

    def __str__(self):
        return str(self._value())

    def __repr__(self):
        return repr(self._value())

    def __eq__(self, other):
        return self._value() == (other._value() if isinstance(other, _Lazy) else other)

    def __lt__(self, other):
        return self._value() < (other._value() if isinstance(other, _Lazy) else other)

    def __hash__(self):
        return hash(self._value())

    def __mod__(self, other):
        return self._value() % other

    def __add__(self, other):
        return self._value() + other

    def __radd__(self, other):
        return other + self._value()

    def __contains__(self, item):
        return item in self._value()

    def __len__(self):
        return len(self._value())

    def __iter__(self):
        return iter(self._value())

    def __getitem__(self, index):
        return self._value()[index]

    def __format__(self, spec):
        return format(self._value(), spec)

    def __reduce__(self):
        func, args, kwargs = self._made_by
        return _Lazy, (func, args, kwargs)

    def __deepcopy__(self, memo):
        return self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._value(), name)


def lazy(func, *resultclasses):
    """`func`, called anew whenever its result is used."""

    @wraps(func)
    def wrapper(*args, **kwargs):
        return _Lazy(func, args, kwargs)

    return wrapper


def lazystr(text):
    return _Lazy(str, (text,), {})


def keep_lazy(*resultclasses):
    """A function that stays lazy where an argument is."""
    if not resultclasses:
        raise TypeError("You must pass at least one argument to keep_lazy().")

    def decorator(func):
        @wraps(func)
        def wrapper(*args, **kwargs):
            if any(isinstance(arg, Promise) for arg in (*args, *kwargs.values())):
                return _Lazy(func, args, kwargs)
            return func(*args, **kwargs)

        return wrapper

    return decorator


def keep_lazy_text(func):
    return keep_lazy(str)(func)


def _forwarded(operation):
    def method(self, *args):
        return operation(self._made(), *args)

    return method


def new_method_proxy(func):
    return _forwarded(func)


class LazyObject:
    """Stands for an object that `_setup` makes at its first use."""

    _wrapped = empty

    def __init__(self):
        self._wrapped = empty

    def _setup(self):
        raise NotImplementedError("subclasses of LazyObject must provide a _setup() method")

    def _made(self):
        if self._wrapped is empty:
            self._setup()
        return self._wrapped

    def __getattr__(self, name):
        return getattr(self._made(), name)

    def __setattr__(self, name, value):
        if name in ("_wrapped", "_setupfunc"):
            self.__dict__[name] = value
        else:
            setattr(self._made(), name, value)

    def __delattr__(self, name):
        if name == "_wrapped":
            raise TypeError("can't delete _wrapped.")
        delattr(self._made(), name)

    __class__ = property(lambda self: type(self._made()))
    __bool__ = _forwarded(bool)
    __str__ = _forwarded(str)
    __bytes__ = _forwarded(bytes)
    __dir__ = _forwarded(dir)
    __hash__ = _forwarded(hash)
    __len__ = _forwarded(len)
    __iter__ = _forwarded(iter)
    __eq__ = _forwarded(lambda a, b: a == b)
    __ne__ = _forwarded(lambda a, b: a != b)
    __lt__ = _forwarded(lambda a, b: a < b)
    __gt__ = _forwarded(lambda a, b: a > b)
    __add__ = _forwarded(lambda a, b: a + b)
    __contains__ = _forwarded(lambda a, b: b in a)
    __getitem__ = _forwarded(lambda a, b: a[b])
    __setitem__ = _forwarded(lambda a, b, c: a.__setitem__(b, c))
    __delitem__ = _forwarded(lambda a, b: a.__delitem__(b))


class SimpleLazyObject(LazyObject):
    def __init__(self, func):
        self.__dict__["_setupfunc"] = func
        super().__init__()

    def _setup(self):
        self._wrapped = self._setupfunc()

    def __repr__(self):
        shown = self._setupfunc if self._wrapped is empty else self._wrapped
        return "<%s: %r>" % (type(self).__name__, shown)


def partition(predicate, values):
    """Those for which `predicate` is false, and those for which it is true."""
    results = ([], [])
    for item in values:
        results[bool(predicate(item))].append(item)
    return results
