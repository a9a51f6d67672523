"""What a person does in JupyterLab: open a notebook, use the menus, write in a cell, run it, read what it says."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

# Milliseconds. A kernel imports torch, and the machine may have other work.
PATIENCE = 120_000

# Else JupyterLab asks whether it may fetch news, and offers extensions from the package registry.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}


def start(jupyterlab, folder, monkeypatch):
    """Type `jupyter lab` in a folder, as nbgrader reads the settings of the folder it is started in; its address."""
    file = Path(jupyterlab.environment["JUPYTER_CONFIG_DIR"], "labconfig", "default_setting_overrides.json")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(SETTINGS), encoding="utf-8")
    monkeypatch.chdir(folder)
    return jupyterlab(folder)


def choose(page, menu, item):
    """Choose an item of a menu."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=item, exact=True).click()


class Notebook:
    """A notebook, opened in JupyterLab; its kernel is ready."""

    def __init__(self, page, address, name):
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/lab/tree/{name}")
        page.get_by_text(re.compile(r"Python 3.* \| Idle")).wait_for()
        self.page = page
        self.complaints = page.locator(".jp-Notebook [data-mime-type='application/vnd.jupyter.stderr']")

    def cell(self, text):
        """The code cell whose input holds this text."""
        holds_it = self.page.locator(".jp-InputArea", has_text=text)
        return self.page.locator(".jp-Notebook .jp-CodeCell", has=holds_it)

    def overwrite(self, cell, line, by):
        """Put the cursor on the line that holds this text and type something else in its place."""
        cell.locator(".cm-line", has_text=line).click()
        self.page.keyboard.press("End")
        self.page.keyboard.press("Shift+Home")
        self.page.keyboard.type(by)

    def run(self, cell):
        """Put the cursor in a cell and press Shift+Enter; the place where its printed output appears."""
        cell.locator(".cm-line").last.click()
        self.page.keyboard.press("Shift+Enter")
        return cell.locator(".jp-OutputArea-output pre")

    def validate(self):
        """Click Validate; the lines of the answer, after which it is closed."""
        self.page.get_by_role("button", name="Validate").click()
        dialog = self.page.get_by_role("dialog").filter(has_text="Validation Results")
        expect(dialog).to_be_visible(timeout=PATIENCE)
        lines = [line for line in dialog.locator(".jp-Dialog-body").inner_text().splitlines() if line]
        dialog.get_by_role("button", name="Ok").click()
        expect(dialog).to_be_hidden()
        return lines
