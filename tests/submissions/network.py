"""Submissions that want to reach others: over a network, or through the kernel."""

from submissions.rows import (
    FULL,
    Row,
    tries,
)

ROWS = (
    Row(
        "the network",
        FULL,
        first=(
            tries(
                "socket.create_connection(('127.0.0.1', 22), 1)",
                "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
                "socket.socket(socket.AF_INET6)",
                "socket.getaddrinfo('example.org', 80)",
                "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
                "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
                "socket.socket(socket.AF_UNIX).connect('/run/docker.sock')",
                "socket.socket(socket.AF_UNIX).connect('\\0/tmp/.X11-unix/X0')",
            ),
        ),
        cells=("REFUSED",),
        absent=("DONE",),
    ),
    Row(
        "ways out through the kernel",
        FULL,
        first=(
            "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "results = [libc.ptrace(16, 1, 0, 0), libc.unshare(0x10000000), libc.unshare(0x20000), "
            "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None), libc.chroot(b'/tmp'), "
            "libc.syscall(425, 8, 0), libc.syscall(321, 0, 0, 0), libc.syscall(250, 0, 0, 0, 0, 0), "
            "libc.prctl(1, 0, 0, 0, 0), libc.syscall(319, b'x', 0), libc.shmget(0, 4096, 0o1600), libc.setuid(0), "
            "libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)]\n"
            "print('RESULTS', set(results), os.getuid() != 0)",
        ),
        cells=("RESULTS {-1} True",),
    ),
    Row(
        "programs that reach for the network",
        FULL,
        first=(
            "import urllib.request\n"
            "try: urllib.request.urlopen('http://127.0.0.1:8888', timeout=1)\n"
            "except OSError as e: print('REFUSED', e)",
            "!curl -s -m 2 http://127.0.0.1 && echo DONE || echo REFUSED",
            "!ping -c 1 -W 1 127.0.0.1 > /dev/null && echo DONE || echo REFUSED",
        ),
        cells=("REFUSED",),
        absent=("DONE",),
    ),
    Row(
        "sockets between its own processes",
        FULL,
        first=(
            "import socket, os\na, b = socket.socketpair()\na.send(b'x')\nprint('OWN', b.recv(1))\n"
            "s = socket.socket(socket.AF_UNIX)\ns.bind('\\0mine')\ns.listen()\n"
            "c = socket.socket(socket.AF_UNIX)\nc.connect('\\0mine')\n"
            "print('OWN', s.accept()[0] is not None)",
        ),
        cells=("OWN b'x'", "OWN True"),
    ),
)
