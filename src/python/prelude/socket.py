"""Names of the network, for modules that know of one; scripts have none, and every connection is told so."""

import os
from enum import IntEnum

error = OSError
timeout = TimeoutError
has_ipv6 = False
SOMAXCONN = 4096


class herror(OSError):
    pass


class gaierror(OSError):
    pass


class AddressFamily(IntEnum):
    AF_UNSPEC = 0
    AF_UNIX = 1
    AF_INET = 2
    AF_INET6 = 10


class SocketKind(IntEnum):
    SOCK_STREAM = 1
    SOCK_DGRAM = 2
    SOCK_RAW = 3


globals().update(AddressFamily.__members__)
globals().update(SocketKind.__members__)
SOL_SOCKET, SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST = 1, 2, 9, 6
IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6, TCP_NODELAY, IPV6_V6ONLY = 0, 6, 17, 41, 1, 26
AI_PASSIVE, AI_CANONNAME, SHUT_RD, SHUT_WR, SHUT_RDWR, MSG_PEEK = 1, 2, 0, 1, 2, 2
INADDR_ANY, NI_NUMERICHOST, EAI_NONAME = 0, 1, -2
_GLOBAL_DEFAULT_TIMEOUT = object()


def _no_network(*args, **kwargs):
    raise OSError(101, "Network is unreachable: scripts have no network; hallpassd answers requests, and curl asks it")


class socket:
    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        _no_network()


SocketType = socket
create_connection = create_server = socketpair = fromfd = getaddrinfo = gethostbyname = _no_network
gethostbyname_ex = gethostbyaddr = getnameinfo = getservbyname = getservbyport = _no_network


def gethostname():
    return os.uname().nodename


def getfqdn(name=""):
    return name or gethostname()


def getdefaulttimeout():
    return None


def setdefaulttimeout(timeout):
    """Nothing is waited for."""


def has_dualstack_ipv6():
    return False


def _address(text):
    import ipaddress

    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise OSError("illegal IP address string passed to inet_pton") from None


def inet_aton(text):
    return _address(text).packed


def inet_ntoa(packed):
    return ".".join(str(byte) for byte in packed)


def inet_pton(family, text):
    return _address(text).packed


def inet_ntop(family, packed):
    import ipaddress

    return str(ipaddress.ip_address(packed))


def htons(x):
    return (x & 0xFF) << 8 | x >> 8


ntohs = htons
