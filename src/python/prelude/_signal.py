"""Signals as far as a script can have them: their numbers and names, and a place for its handlers. This process hears
of Ctrl-C by itself and sends itself nothing."""

SIG_DFL, SIG_IGN = 0, 1
NSIG = 65
SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK = 0, 1, 2
ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF = 0, 1, 2
SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2 = range(1, 13)
SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG = range(13, 24)
SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR, SIGSYS = range(24, 32)
SIGIOT, SIGCLD, SIGPOLL = SIGABRT, SIGCHLD, SIGIO


def default_int_handler(signalnum, frame):
    raise KeyboardInterrupt


_handlers = {SIGINT: default_int_handler}


def signal(signalnum, handler):
    if not 1 <= signalnum < NSIG:
        raise ValueError("signal number out of range")
    if signalnum in (SIGKILL, SIGSTOP):
        raise OSError(22, "Invalid argument")
    if not callable(handler) and handler not in (SIG_DFL, SIG_IGN):
        raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
    before = _handlers.get(signalnum, SIG_DFL)
    _handlers[signalnum] = handler
    return before


def getsignal(signalnum):
    return _handlers.get(signalnum, SIG_DFL)


def raise_signal(signalnum):
    handler = getsignal(signalnum)
    if callable(handler):
        handler(signalnum, None)
    elif handler == SIG_DFL:
        raise NotImplementedError("hallpass sends itself no signals; sys.exit() ends a script")


def _no_timers(*args):
    raise NotImplementedError("hallpass has no timers that interrupt a script: time.monotonic() says how late it is")


alarm = setitimer = getitimer = pause = _no_timers


def siginterrupt(signalnum, flag):
    """Reading goes on after every handler."""


def set_wakeup_fd(fd, *, warn_on_full_buffer=True):
    return -1


def valid_signals():
    return set(range(1, NSIG))


def strsignal(signalnum):
    return {SIGINT: "Interrupt", SIGTERM: "Terminated", SIGKILL: "Killed", SIGHUP: "Hangup"}.get(signalnum)
