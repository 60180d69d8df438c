"""For startup files that set up a prompt: the session completes and keeps its history by itself."""

_completer = None


def parse_and_bind(line):
    """The session has its own keys."""


def set_completer(function=None):
    global _completer
    _completer = function


def get_completer():
    return _completer


def get_line_buffer():
    return ""


def get_current_history_length():
    return 0


get_history_length = get_current_history_length


def _nothing(*args):
    """The history is the session's own."""


read_history_file = write_history_file = append_history_file = set_history_length = clear_history = _nothing
read_init_file = set_completer_delims = set_startup_hook = set_pre_input_hook = add_history = insert_text = _nothing
redisplay = _nothing
