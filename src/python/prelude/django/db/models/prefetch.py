"""`Prefetch`: which related rows are wanted beforehand. They are read when they are asked for."""


class Prefetch:
    def __init__(self, lookup, queryset=None, to_attr=None):
        self.prefetch_through = lookup
        self.prefetch_to = to_attr or lookup
        self.queryset, self.to_attr = queryset, to_attr

    def add_prefix(self, prefix):
        self.prefetch_through = prefix + "__" + self.prefetch_through
