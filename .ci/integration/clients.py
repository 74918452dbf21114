"""Many clients that ask for nothing, or slowly."""

import errno
import resource
import socket
import threading

HEAD = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Filler: " + b"x" * 1000


class Clients:
    """Idle connections, and slow ones that send one byte a second."""

    def __init__(self, address, idle, slow):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
        self.sockets = [socket.create_connection(address, timeout=5) for _ in range(idle + slow)]
        for one in self.sockets:
            one.setblocking(False)
        self.slow = self.sockets[idle:]
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.send)
        self.thread.start()

    def send(self):
        for byte in HEAD:
            for one in self.slow:
                try:
                    one.send(bytes([byte]))
                except OSError as error:
                    # The server has closed it to make room.
                    assert error.errno in (errno.EPIPE, errno.ECONNRESET), error
            if self.ended.wait(1):
                break

    def open(self):
        """Returns how many the server has not closed."""
        return sum(is_open(one) for one in self.sockets)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        for one in self.sockets:
            one.close()


def is_open(one):
    try:
        return one.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
