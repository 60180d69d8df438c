"""A tree of conditions. The class stands beside the one kind of it that every session has: a module more would be read
at each start."""

from django.db.models.query_utils import Node
