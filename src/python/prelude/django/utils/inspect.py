"""What functions take."""

import inspect


def _parameters(func):
    return [p for p in inspect.signature(func).parameters.values() if p.name != "self"]


def get_func_args(func):
    return [p.name for p in _parameters(func) if p.kind == p.POSITIONAL_OR_KEYWORD]


def get_func_full_args(func):
    full = []
    for p in _parameters(func):
        name = "*" + p.name if p.kind == p.VAR_POSITIONAL else "**" + p.name if p.kind == p.VAR_KEYWORD else p.name
        full.append((name,) if p.default is p.empty else (name, p.default))
    return full


def func_accepts_kwargs(func):
    return any(p.kind == p.VAR_KEYWORD for p in _parameters(func))


def func_accepts_var_args(func):
    return any(p.kind == p.VAR_POSITIONAL for p in _parameters(func))


def method_has_no_args(meth):
    count = len([p for p in inspect.signature(meth).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD])
    return count == 0 if inspect.ismethod(meth) else count == 1


def func_supports_parameter(func, name):
    return any(p.name == name for p in _parameters(func))
