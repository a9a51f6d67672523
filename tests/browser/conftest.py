"""A browser for the tests of pages: Debian's Chromium, driven by Playwright.

Every page is watched: an error in its console, an exception, or a request that leaves the machine fails the test.
Where no Chromium is found the tests skip and say so; with CONVLAB_NEEDS_BROWSER=1 they fail instead.
"""

import contextlib
import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from urllib.parse import urlsplit

import pytest

_INSIDE = {"file", "data", "blob", "about"}


@pytest.fixture(scope="module")
def browser():
    """Chromium, once for a module: as long as Playwright is there, no other test can run an event loop."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        reason = (
            "needs playwright (pip install 'convlab[dev]') and a Chromium on PATH (apt-get install chromium)"
        )
        if os.environ.get("CONVLAB_NEEDS_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        # Chromium's own sandbox needs rights that a container does not give; these pages are our own.
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-quic"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Make watched pages: `open_page(width=390, scheme="dark", touch=True, motion="reduce", ignore=r"…")`.

    `ignore` is a pattern for console errors that are not ours, such as those of an application around our page.
    """
    contexts, trouble = [], []

    def make(
        *, width=1300, height=900, scheme="light", touch=False, motion="no-preference", ignore=None, **options
    ):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            has_touch=touch,
            reduced_motion=motion,
            **options,
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()

        def said(message):
            if message.type == "error" and not (ignore and re.search(ignore, message.text)):
                trouble.append(f"console: {message.text}")

        def asked(request):
            address = urlsplit(request.url)
            if address.scheme not in _INSIDE and address.hostname != "127.0.0.1":
                trouble.append(f"request: {request.url}")

        page.on("console", said)
        page.on("pageerror", lambda error: trouble.append(f"exception: {error}"))
        page.on("request", asked)
        page.on("websocket", asked)
        return page

    yield make
    for context in contexts:
        context.close()
    assert trouble == []


@pytest.fixture
def page(open_page):
    """One watched page of 1300 by 900 pixels in a light scheme."""
    return open_page()


@pytest.fixture
def serve():
    """Serve a folder on the loopback interface: `serve(folder)` returns its address, without a slash at the end."""
    with contextlib.ExitStack() as stack:

        def start(folder):
            handler = functools.partial(_Quiet, directory=os.fspath(folder))
            server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        # Chromium asks every server for it, and an answer of 404 is an error in the console.
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, format, *args):
        pass


@pytest.fixture
def violations():
    """Ask axe-core about a page: `violations(page)` returns a line for each rule and element that fails."""
    from axe_playwright_python.sync_playwright import Axe

    def run(page, within=None, rules=None):
        options = {} if rules is None else {"rules": {rule: {"enabled": on} for rule, on in rules.items()}}
        found = Axe().run(page, context=within, options=options).response["violations"]
        return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]

    return run


@pytest.fixture
def jupyterlab(tmp_path):
    """Start JupyterLab on the loopback interface: `jupyterlab(folder)` returns its address, without a slash at the end.

    A test asks for it before `page` or `open_page`, so that its pages close first: they miss the server otherwise.
    Its settings, data and trust are the test's own; `jupyterlab.environment` is what other commands need to share them.
    """
    home = tmp_path / "jupyter-home"
    environment = os.environ | {
        name: str(home / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    environment["JUPYTER_PREFER_ENV_PATH"] = "0"
    processes = []

    def start(folder):
        port = _free_port()
        log = (tmp_path / f"jupyterlab-{port}.log").open("wb")
        arguments = [
            "--no-browser",
            "--allow-root",
            f"--ServerApp.root_dir={folder}",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            "--ServerApp.ip=127.0.0.1",
            "--IdentityProvider.token=",
            "--ServerApp.password=",
            "--LabApp.news_url=",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
        command = [sys.executable, "-m", "jupyterlab", *arguments]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        processes.append((process, log))
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/api", timeout=1):
                return address
            assert process.poll() is None, (tmp_path / f"jupyterlab-{port}.log").read_text()
            time.sleep(0.1)
        raise AssertionError("JupyterLab did not answer within a minute")

    start.environment = environment
    yield start
    for process, log in processes:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:  # a kernel was just starting: the server then waits for ever
            process.kill()
            process.wait()
        log.close()


def _free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
