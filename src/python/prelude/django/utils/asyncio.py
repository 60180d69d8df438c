"""What must not run inside an event loop."""


def async_unsafe(message):
    return message if callable(message) else lambda func: func
