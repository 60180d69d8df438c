"""Signals. They hold their receivers strongly: a session's functions live as long as it does."""


def _key(receiver, sender, dispatch_uid):
    return (dispatch_uid if dispatch_uid is not None else id(receiver), None if sender is None else id(sender))


class Signal:
    def __init__(self, use_caching=False):
        self.receivers = []

    def connect(self, receiver, sender=None, weak=True, dispatch_uid=None):
        if not callable(receiver):
            raise TypeError("Signal receivers must be callable.")
        code = getattr(receiver, "__code__", None)
        # 8: the flag of a function that takes any keyword.
        if code is not None and not code.co_flags & 8:
            raise ValueError("Signal receivers must accept keyword arguments (**kwargs).")
        key = _key(receiver, sender, dispatch_uid)
        if not any(known == key for known, _ in self.receivers):
            self.receivers.append((key, receiver))

    def disconnect(self, receiver=None, sender=None, dispatch_uid=None):
        key = _key(receiver, sender, dispatch_uid)
        for index, (known, _) in enumerate(self.receivers):
            if known == key:
                del self.receivers[index]
                return True
        return False

    def has_listeners(self, sender=None):
        return bool(self._live(sender))

    def _live(self, sender):
        return [r for (_, wanted), r in self.receivers if wanted is None or wanted == id(sender)]

    def send(self, sender, **named):
        if not self.receivers:
            return []
        return [(r, r(signal=self, sender=sender, **named)) for r in self._live(sender)]

    async def asend(self, sender, **named):
        return [(r, await _waited(r(signal=self, sender=sender, **named))) for r in self._live(sender)]

    def send_robust(self, sender, **named):
        responses = []
        for receiver in self._live(sender):
            try:
                response = receiver(signal=self, sender=sender, **named)
            except Exception as err:
                response = err
            responses.append((receiver, response))
        return responses


async def _waited(response):
    return await response if hasattr(response, "__await__") else response


def receiver(signal, **kwargs):
    def decorate(func):
        for one in signal if isinstance(signal, (list, tuple)) else [signal]:
            one.connect(func, **kwargs)
        return func

    return decorate
