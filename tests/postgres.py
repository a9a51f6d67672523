"""A PostgreSQL server of the tests' own: on loopback, in a scratch folder, gone when they end."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["programs", "server"]


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest if there are more; None if there is no server."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3].split(".")[0])
    )
    return debian[-1].parent if debian else None


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A server that listens on loopback only; gives its address without a database: "postgresql+psycopg://…:port"."""
    where = programs()
    assert where is not None
    with tempfile.TemporaryDirectory(prefix="convlab-postgres-") as folder:
        data = f"{folder}/data"
        os.chmod(folder, 0o755)
        Path(data).mkdir(mode=0o700)
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(data, "postgres", "postgres")
        _run(
            where,
            "initdb",
            "-D",
            data,
            "-U",
            "convlab",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale=C",
        )
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories="
        _run(where, "pg_ctl", "start", "-w", "-D", data, "-o", options, "-l", f"{data}/log")
        try:
            yield f"postgresql+psycopg://convlab@127.0.0.1:{port}"
        finally:
            _run(where, "pg_ctl", "stop", "-m", "immediate", "-D", data)


def _run(where: Path, program: str, *arguments: str) -> None:
    as_who: Sequence[str] = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
    command = [*(as_who if os.getuid() == 0 else ()), str(where / program), *arguments]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", text=True)
    assert done.returncode == 0, done.stderr
