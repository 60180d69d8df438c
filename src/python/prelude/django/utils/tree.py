"""A tree of conditions."""

import copy

from django.utils.hashable import make_hashable


class Node:
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
        made = self.create(connector=self.connector, negated=self.negated)
        made.children = copy.deepcopy(self.children, memo)
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
        return hash((type(self), self.connector, self.negated, *make_hashable(self.children)))

    def add(self, data, conn_type):
        if self.connector != conn_type:
            self.children = [copy.copy(self), data]
            self.connector = conn_type
            return data
        if isinstance(data, Node) and not data.negated and (data.connector == conn_type or len(data) == 1):
            self.children.extend(data.children)
            return self
        self.children.append(data)
        return data

    def negate(self):
        self.negated = not self.negated
