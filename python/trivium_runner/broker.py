"""Answers, from outside of the sandbox, what processes inside it ask: a connection to this server's own address, and signals to processes of their own."""

import ctypes
import errno
import fcntl
import os
import socket
import struct

RECEIVE, SEND, STILL_VALID, ADD_DESCRIPTOR = 0xC0502100, 0xC0182101, 0x40082102, 0x40182103
SET_DESCRIPTOR, CONTINUE = 1, 1
LONGEST_ADDRESS = 28
CONNECT = {"x86_64": 42, "aarch64": 203}


class Broker:
    """`link`: {"host", "port", "addresses"} of the server, the one place that is reached without a declared network; None for none."""

    def __init__(self, listener, link, server):
        self.listener = listener
        self.server = server
        # Whichever of its addresses was meant, the first one is where it listens.
        self.own = (link["addresses"][0], link["port"]) if link and link["addresses"] else None
        self.addresses = {packed(address, link["port"]) for address in link["addresses"]} if link else set()
        self.connect_number = CONNECT[os.uname().machine]

    def handle(self):
        request = bytearray(80)
        try:
            fcntl.ioctl(self.listener, RECEIVE, request)
        except OSError:
            # Whoever asked has gone.
            return
        identity, pid, _, number, _, _, *arguments = struct.unpack("<QIIiIQ6Q", request)
        refusal, flags = errno.EACCES, 0
        try:
            if number == self.connect_number:
                refusal = self.connect(identity, pid, arguments)
            else:
                refusal = 0 if self.may_signal(pid, ctypes.c_int(arguments[0] & 0xFFFFFFFF).value) else errno.EPERM
                flags = CONTINUE if refusal == 0 else 0
        except OSError as error:
            refusal = error.errno or errno.EACCES
        except Exception:  # noqa: BLE001  whatever hostile processes make of what is read: the answer is no
            pass
        try:
            fcntl.ioctl(self.listener, SEND, struct.pack("<QqiI", identity, 0, -refusal, flags))
        except OSError:
            pass

    def connect(self, identity, pid, arguments):
        """Puts a socket that is connected to the server in the place of the caller's, so that nothing can be changed after the look at the address."""
        descriptor, pointer, length = arguments[0] & 0xFFFFFFFF, arguments[1], arguments[2] & 0xFFFFFFFF
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            raw = os.pread(memory, min(length, LONGEST_ADDRESS), pointer)
        finally:
            os.close(memory)
        fcntl.ioctl(self.listener, STILL_VALID, struct.pack("<Q", identity))
        if destination(raw) not in self.addresses:
            return errno.EACCES
        with open(f"/proc/{pid}/fdinfo/{descriptor}", encoding="ascii") as lines:
            state = dict(line.split(":", 1) for line in lines if ":" in line)
        made = socket.create_connection(self.own, timeout=5)
        with made:
            made.setblocking(not int(state["flags"], 8) & os.O_NONBLOCK)
            keep = os.O_CLOEXEC if int(state["flags"], 8) & os.O_CLOEXEC else 0
            fcntl.ioctl(self.listener, ADD_DESCRIPTOR, struct.pack("<QIIII", identity, SET_DESCRIPTOR, made.fileno(), descriptor, keep))
        return 0

    def may_signal(self, caller, target):
        """Steps signal processes of their own session; the fork server those that descend from it."""
        if target == 0:
            return True
        if target == -1:
            return False
        aimed = [target] if target > 0 else members(-target)
        if not aimed:
            raise ProcessLookupError(errno.ESRCH, "there is no such process")
        if caller == self.server:
            return all(self.descends(pid) for pid in aimed)
        session = os.getsid(caller)
        return session != os.getsid(self.server) and all(os.getsid(pid) == session for pid in aimed)

    def descends(self, pid):
        while pid > 1:
            if pid == self.server:
                return True
            pid = parent_and_group(pid)[0]
        return False


def packed(address, port):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address.split("%")[0]), port


def destination(raw):
    """(address, port) of a socket address, None for families other than the internet's."""
    family = int.from_bytes(raw[:2], "little")
    port = int.from_bytes(raw[2:4], "big")
    if family == socket.AF_INET and len(raw) >= 8:
        return raw[4:8], port
    if family == socket.AF_INET6 and len(raw) >= 24:
        address = raw[8:24]
        return (address[12:], port) if address[:12] == b"\0" * 10 + b"\xff\xff" else (address, port)
    return None


def parent_and_group(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[1]), int(fields[2])


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def members(group):
    found = []
    for pid in processes():
        try:
            if parent_and_group(pid)[1] == group:
                found.append(pid)
        except OSError:
            pass
    return found
