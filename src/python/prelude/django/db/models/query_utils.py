"""Trees of conditions, `Q` among them, and the attribute behind each field of a model."""

import _hallpass


class Node:
    __module__ = "django.utils.tree"
    default = "DEFAULT"

    def __init__(self, children=None, connector=None, negated=False):
        self.children = children[:] if children else []
        self.connector = connector or self.default
        self.negated = negated

    @classmethod
    def create(cls, children=None, connector=None, negated=False):
        made = Node(children, connector or cls.default, negated)
        made.__class__ = cls
        return made

    def __str__(self):
        inside = ", ".join(str(child) for child in self.children)
        return ("(NOT (%s: %s))" if self.negated else "(%s: %s)") % (self.connector, inside)

    def __repr__(self):
        return "<%s: %s>" % (type(self).__name__, self)

    def __copy__(self):
        made = self.create(connector=self.connector, negated=self.negated)
        made.children = self.children
        return made

    def __deepcopy__(self, memo):
        from copy import deepcopy

        made = self.create(connector=self.connector, negated=self.negated)
        made.children = deepcopy(self.children, memo)
        return made

    def __len__(self):
        return len(self.children)

    def __bool__(self):
        return bool(self.children)

    def __contains__(self, other):
        return other in self.children

    def __eq__(self, other):
        return (
            type(self) is type(other) and self.connector == other.connector and self.negated == other.negated
            and self.children == other.children
        )

    def __hash__(self):
        from django.utils.hashable import make_hashable

        return hash((type(self), self.connector, self.negated, *make_hashable(self.children)))

    def add(self, data, conn_type):
        if self.connector != conn_type:
            self.children = [self.__copy__(), data]
            self.connector = conn_type
            return data
        if isinstance(data, Node) and not data.negated and (data.connector == conn_type or len(data) == 1):
            self.children.extend(data.children)
            return self
        self.children.append(data)
        return data

    def negate(self):
        self.negated = not self.negated


class Q(Node):
    """Conditions that may be combined with `&`, `|`, `^` and `~`."""

    AND = "AND"
    OR = "OR"
    XOR = "XOR"
    default = AND
    conditional = True

    def __init__(self, *args, _connector=None, _negated=False, **kwargs):
        if _connector not in (None, self.AND, self.OR, self.XOR):
            raise ValueError("_connector must be one of 'AND', 'OR', 'XOR', or None.")
        self.children = [*args, *sorted(kwargs.items())]
        self.connector = _connector or self.default
        self.negated = _negated

    @classmethod
    def create(cls, children=None, connector=None, negated=False):
        return cls._made(list(children or ()), connector or cls.default, negated)

    @classmethod
    def _made(cls, children, connector, negated=False):
        made = cls()
        made.children = children
        made.connector = connector
        made.negated = negated
        return made

    def copy(self):
        return self._made(self.children[:], self.connector, self.negated)

    __copy__ = copy

    def __hash__(self):
        return hash((self.connector, self.negated, str(self.children)))

    def add(self, data, connector):
        if self.connector != connector:
            self.children = [self.copy(), data]
            self.negated = False
            self.connector = connector
            return
        if data in self.children:
            return
        if isinstance(data, Q) and not data.negated and (data.connector == connector or len(data) == 1):
            self.children.extend(data.children)
        else:
            self.children.append(data)

    def _combine(self, other, connector):
        if getattr(other, "conditional", False) is False:
            raise TypeError(other)
        if not self:
            return other.copy()
        if not other and isinstance(other, Q):
            return self.copy()
        made = self._made([], connector)
        made.add(self, connector)
        made.add(other, connector)
        return made

    def __or__(self, other):
        return self._combine(other, self.OR)

    def __and__(self, other):
        return self._combine(other, self.AND)

    def __xor__(self, other):
        return self._combine(other, self.XOR)

    def __invert__(self):
        made = self.copy()
        made.negate()
        return made

    def flatten(self):
        yield self
        for child in self.children:
            if isinstance(child, Q):
                yield from child.flatten()
            else:
                yield child[1] if isinstance(child, tuple) else child

    def deconstruct(self):
        kwargs = {}
        if self.connector != self.default:
            kwargs["_connector"] = self.connector
        if self.negated:
            kwargs["_negated"] = True
        return "django.db.models.Q", tuple(self.children), kwargs


class DeferredAttribute(_hallpass.Column):
    """The attribute of a field: finds the value that the instance does not hold yet."""

    def __init__(self, field):
        # The field itself is made when somebody asks for it.
        self._model, self._name = field

    @property
    def field(self):
        return self._model._meta.get_field(self._name)

    def _missing(self, instance):
        values = instance.__dict__
        name = self._name
        if name not in values:
            sealed = getattr(instance._state, "sealed", None)
            if name == "key" and sealed is not None:
                key = sealed.key()
                # A key that was to be shown once stays unknown; the row is found by the token's id.
                if key is None:
                    return None
                values[name] = key
            elif name in ("state", "last_used", "uses") and sealed is not None:
                # Looked up at every reading: they change without the row.
                return type(instance).every.filter(id=sealed.id).values_list(name, flat=True).get()
            else:
                instance.refresh_from_db(fields=[name])
        return values[name]


class ForeignKeyDeferredAttribute(DeferredAttribute):
    """The bare key of a relation: setting another one forgets the row that it led to."""

    def __init__(self, field, relation):
        super().__init__(field)
        self._relation = relation

    def __set__(self, instance, value):
        values = instance.__dict__
        if values.get(self._name) != value:
            instance._state.__dict__.get("_cache", {}).pop(self._relation, None)
        values[self._name] = value
