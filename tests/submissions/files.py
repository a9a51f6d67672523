"""Submissions that look at files that are not theirs, or make odd ones while they run."""

from submissions.rows import (
    FULL,
    ROOT,
    Row,
    tries,
)

ROWS = (
    Row(
        "what it knows of the exercises",
        FULL,
        first=(
            """
import sys
secret = ("oracle", "registry", "exercises", "mistakes", "reports", "compare", "diagnosis", "spec", "referee")
print("KNOWN", [m for m in sys.modules if "convlab" in m and any(part in m for part in secret)])
print("KNOWN", [m for m in sys.modules if m.startswith(("nbgrader", "nbformat", "convlab.solutions"))])
import os, __main__
print("KNOWN", [k for k in os.environ if "CONVLAB" in k])
""",
        ),
        absent=("KNOWN ['",),
    ),
    Row(
        "the course, the gradebook and other people's files",
        FULL,
        first=(
            f"""
import glob
seen = [p for p in glob.glob({str(ROOT)!r} + "/*") if not p.endswith("/convlab")]
for place in ("/proc", "/sys", "/home", "/var", "/tmp", "/run", "/mnt", "/srv", "/boot"):
    # The package may be seen, wherever it lies.
    seen += [p for p in glob.glob(place + "/*") if not {str(ROOT)!r}.startswith(p + "/") and p != {str(ROOT)!r}]
print("SEEN", seen)
""",
        ),
        cells=("SEEN []",),
    ),
    Row(
        "writes outside its folder",
        FULL,
        first=(
            tries(
                "open('/x', 'w')",
                "open('/usr/x', 'w')",
                "os.mkdir('/etc/x')",
                "os.chmod('/usr', 0o777)",
                "open(os.__file__, 'a')",
                "open('/dev/x', 'w')",
                "os.rename('/usr', '/usr2')",
            ),
        ),
        cells=("REFUSED",),
        absent=("DONE",),
    ),
    Row(
        "links, pipes and devices",
        FULL,
        first=(
            tries(
                "os.mknod('/tmp/device', 0o60666, os.makedev(8, 0))",
                "os.link('/etc/passwd', '/tmp/hard')",
                "open('/dev/sda')",
                "open('/dev/mem')",
                "open('/dev/kmsg')",
            ),
        ),
        cells=("REFUSED",),
        absent=("DONE",),
    ),
    Row(
        "odd file names",
        FULL,
        first=(
            "import os\nos.symlink('/etc/shadow', 'link')\nos.mkfifo('pipe')\nopen('é\u202e.txt', 'w')\n"
            "open('A', 'w')\nopen('a', 'w')\nopen('../../../tmp/up', 'w')\n"
            "open(b'\\xff', 'w')\nprint('made')",
        ),
        cells=("made",),
    ),
    Row(
        "the times of devices",
        FULL,
        first=(
            tries(
                *(f"os.utime('/dev/{name}')" for name in ("null", "full", "random", "urandom")),
                "os.chmod('/dev/null', 0)",
            ),
        ),
        cells=("REFUSED",),
        absent=("DONE",),
    ),
    Row(
        "names that lead elsewhere",
        FULL,
        first=(
            "import os\nos.makedirs('/tmp/..a/b', exist_ok=True)\n"
            "os.symlink('/', '/tmp/root')\nos.symlink('loop', '/tmp/loop')\n"
            "os.mkfifo('/tmp/submitted.ipynb')\nopen('/tmp/CON', 'w')\n"
            "open('/tmp/' + 'x' * 255, 'w')\nopen('/tmp/a\\nb', 'w')\n"
            "import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('/tmp/socket')\n"
            "print('made', sorted(os.listdir('/tmp/root'))[:1])",
        ),
        cells=("made",),
    ),
    Row(
        "a folder without end",
        FULL,
        first=(
            "import os\nos.chdir('/tmp')\ntry:\n"
            "    while True: os.mkdir('d'); os.chdir('d')\n"
            "except OSError as e: print(e.strerror)",
        ),
        cells=("No space left",),
    ),
)
