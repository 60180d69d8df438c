"""Servers of sockets, for modules that know of them; scripts have no network."""

import socket


class BaseRequestHandler:
    def __init__(self, request, client_address, server):
        self.request, self.client_address, self.server = request, client_address, server


class StreamRequestHandler(BaseRequestHandler):
    pass


class DatagramRequestHandler(BaseRequestHandler):
    pass


class BaseServer:
    def __init__(self, server_address, RequestHandlerClass, bind_and_activate=True):
        socket.socket()


class TCPServer(BaseServer):
    pass


class UDPServer(TCPServer):
    pass


class ThreadingMixIn:
    daemon_threads = False


class ThreadingTCPServer(ThreadingMixIn, TCPServer):
    pass


class ThreadingUDPServer(ThreadingMixIn, UDPServer):
    pass
