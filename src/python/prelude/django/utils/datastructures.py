"""Dictionaries and lists with a twist."""


class OrderedSet:
    def __init__(self, iterable=None):
        self.dict = dict.fromkeys(iterable or ())

    def add(self, item):
        self.dict[item] = None

    def remove(self, item):
        del self.dict[item]

    def discard(self, item):
        self.dict.pop(item, None)

    def __iter__(self):
        return iter(self.dict)

    def __reversed__(self):
        return reversed(self.dict)

    def __contains__(self, item):
        return item in self.dict

    def __bool__(self):
        return bool(self.dict)

    def __len__(self):
        return len(self.dict)

    def __repr__(self):
        return "%s(%s)" % (type(self).__qualname__, repr(list(self.dict)) if self.dict else "")


class MultiValueDictKeyError(KeyError):
    pass


class MultiValueDict(dict):
    """A list of values for each key; reading gives the last."""

    def __repr__(self):
        return "<%s: %s>" % (type(self).__name__, super().__repr__())

    def __getitem__(self, key):
        try:
            values = super().__getitem__(key)
        except KeyError:
            raise MultiValueDictKeyError(key)
        return values[-1] if values else []

    def __setitem__(self, key, value):
        super().__setitem__(key, [value])

    def get(self, key, default=None):
        try:
            value = self[key]
        except KeyError:
            return default
        return default if value == [] else value

    def getlist(self, key, default=None):
        if key in self:
            return list(super().__getitem__(key))
        return [] if default is None else default

    def setlist(self, key, list_):
        super().__setitem__(key, list_)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def appendlist(self, key, value):
        self.setlist(key, self.getlist(key) + [value])

    def items(self):
        for key in self:
            yield key, self[key]

    def lists(self):
        return iter(super().items())

    def update(self, *args, **kwargs):
        """Adds to the lists instead of replacing them."""
        if len(args) > 1:
            raise TypeError("update expected at most 1 argument, got %d" % len(args))
        for given in (*args, kwargs):
            pairs = given.lists() if isinstance(given, MultiValueDict) else ((k, [v]) for k, v in dict(given).items())
            for key, values in pairs:
                self.setlist(key, self.getlist(key) + list(values))

    def setlistdefault(self, key, default_list=None):
        if key not in self:
            self.setlist(key, [] if default_list is None else default_list)
        return self.getlist(key)

    def values(self):
        for key in self:
            yield self[key]

    def copy(self):
        return type(self)([(key, values[:]) for key, values in self.lists()])

    def dict(self):
        return {key: self[key] for key in self}


class ImmutableList(tuple):
    """A list that refuses to be changed, with its own words."""

    def __new__(cls, *args, warning="ImmutableList object is immutable.", **kwargs):
        made = tuple.__new__(cls, *args, **kwargs)
        made.warning = warning
        return made

    def complain(self, *args, **kwargs):
        raise AttributeError(self.warning)

    __delitem__ = __iadd__ = __imul__ = __setitem__ = complain
    append = extend = insert = pop = remove = sort = reverse = complain


class DictWrapper(dict):
    """Reads through a function where the key begins with a prefix."""

    def __init__(self, data, func, prefix):
        super().__init__(data)
        self.func, self.prefix = func, prefix

    def __getitem__(self, key):
        wrapped = key.startswith(self.prefix)
        value = super().__getitem__(key.removeprefix(self.prefix))
        return self.func(value) if wrapped else value


class CaseInsensitiveMapping:
    def __init__(self, data):
        items = data.items() if hasattr(data, "items") else data
        self._store = {key.lower(): (key, value) for key, value in items}

    def __getitem__(self, key):
        return self._store[key.lower()][1]

    def __contains__(self, key):
        return isinstance(key, str) and key.lower() in self._store

    def __iter__(self):
        return (key for key, _ in self._store.values())

    def __len__(self):
        return len(self._store)

    def get(self, key, default=None):
        return self._store.get(key.lower(), (key, default))[1]

    def items(self):
        return list(self._store.values())

    def keys(self):
        return list(self)

    def values(self):
        return [value for _, value in self._store.values()]

    def copy(self):
        return self

    def __eq__(self, other):
        if not hasattr(other, "items"):
            return NotImplemented
        return {k.lower(): v for k, v in self.items()} == {k.lower(): v for k, v in other.items()}

    __hash__ = None

    def __repr__(self):
        return repr(dict(self._store.values()))
