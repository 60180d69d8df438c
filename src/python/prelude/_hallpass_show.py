"""show(): query sets, instances and other rows as a table."""

import sys

import _hallpass


def show(rows):
    """Draws a query set as a table: also values(), values_list(), a list of instances or of dictionaries, one instance.

    A table that is too wide for the terminal becomes a record for each row; one that is longer than the screen is shown
    a screen at a time. A password's hash and a key are left out unless values() names them.
    """
    columns, lines, one = _laid_out(rows)
    terminal = sys.stdout is sys.__stdout__ and sys.stdout.isatty()
    text = _hallpass.draw(columns, [[_cell(value) for value in line] for line in lines], one, terminal)
    if not terminal:
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    _hallpass.page(text)


def _laid_out(rows):
    if hasattr(rows, "all") and hasattr(rows, "model") and not hasattr(rows, "_fetch_all"):
        rows = rows.all()
    if hasattr(type(rows), "_meta"):
        return *_of_instances([rows]), True
    if isinstance(rows, dict):
        return [str(name) for name in rows], [list(rows.values())], True
    if isinstance(rows, str) or not hasattr(rows, "__iter__"):
        raise TypeError(f"show() takes a query set, an instance or a list of them, not {type(rows).__name__}")
    model, names = getattr(rows, "model", None), _asked_for(rows)
    lines = list(rows)
    if not lines:
        return names or (_columns(model) if model is not None else ["value"]), [], False
    first = lines[0]
    if all(hasattr(type(line), "_meta") for line in lines):
        return *_of_instances(lines), False
    if all(isinstance(line, dict) for line in lines):
        columns = list(dict.fromkeys(name for line in lines for name in line))
        return [str(c) for c in columns], [[line.get(name) for name in columns] for line in lines], False
    if all(isinstance(line, (tuple, list)) and len(line) == len(first) for line in lines):
        columns = names or list(getattr(first, "_fields", ())) or [str(n) for n in range(len(first))]
        return columns if len(columns) == len(first) else [str(n) for n in range(len(first))], lines, False
    return (names if names and len(names) == 1 else ["value"]), [[line] for line in lines], False


def _asked_for(rows):
    """The names that values() or values_list() was given."""
    if getattr(rows, "_form", None) is None:
        return None
    return [str(name) for name in rows.query.value_names]


def _columns(model):
    return [name for name, _ in _fields(model)]


def _fields(model):
    found = []
    for field in model._meta.concrete_fields:
        if field.attname in ("password", "key"):
            continue
        found.append((field.name, field))
    return found


def _of_instances(lines):
    model = type(lines[0])
    if any(type(line) is not model for line in lines):
        return ["kind", "value"], [[type(line).__name__, str(line)] for line in lines]
    fields = _fields(model)
    # What annotate() added.
    known = {field.attname for field in model._meta.concrete_fields}
    more = [name for name in lines[0].__dict__ if not name.startswith("_") and name not in known]
    return [name for name, _ in fields] + more, [
        [getattr(line, field.name) for _, field in fields] + [line.__dict__.get(name) for name in more]
        for line in lines
    ]


def _cell(value):
    if value is None or isinstance(value, (bool, int, str)):
        return value
    micros = getattr(value, "timestamp", None)
    if callable(micros) and getattr(value, "tzinfo", None) is not None:
        from datetime import datetime, timedelta, timezone

        return ((value - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1),)
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(part) for part in value)
    return str(value)
