"""Drive JupyterLab in a real browser, for the tests and for authors who want to see their lesson as a student sees it:

    python tests/browser/jupyter.py lessons/03_unet.ipynb pictures --preset smoke

runs all cells of a copy of the notebook and saves what the page then shows as pictures/03_unet-1.png, -2.png, ...
"""

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHROMIUM = "/usr/bin/chromium"
_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
_SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},  # no question in the way
    "notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},  # every cell is in the page
    "docmanager-extension/plugin": {"autosave": False},
}
_CELLS = """() => jupyterapp.shell.currentWidget.content.widgets.map(cell => ({
    id: cell.model.id,
    code: cell.model.type === 'code',
    source: cell.model.sharedModel.getSource(),
    count: cell.model.executionCount ?? null,
    errors: (cell.model.outputs ? cell.model.outputs.toJSON() : [])
        .filter(output => output.output_type === 'error').map(output => output.ename + ': ' + output.evalue),
}))"""
_READY = """() => window.jupyterapp && jupyterapp.shell.currentWidget && jupyterapp.shell.currentWidget.sessionContext
    && jupyterapp.shell.currentWidget.sessionContext.isReady && jupyterapp.shell.currentWidget.content.widgets.length > 0
    && jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"""


@dataclass(frozen=True)
class Cell:
    """A cell as JupyterLab has it. `count` is its execution count, or None if it did not run."""

    id: str
    code: bool
    source: str
    count: int | None
    errors: list[str]


def why_not() -> str | None:
    """Why there is no browser to drive, or None if there is one."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return None if Path(CHROMIUM).exists() else f"no {CHROMIUM} (Debian: apt-get install chromium fonts-dejavu-core)"


def environment(folder: Path) -> dict[str, str]:
    """Variables that keep the user's own Jupyter out of it, and settings in `folder` that suit a program."""
    for name, settings in _SETTINGS.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    config = folder / "config" / "jupyter_server_config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps({"LabApp": {"expose_app_in_browser": True}}))
    (folder / "config" / "jupyter_lab_config.json").write_text(config.read_text())
    return {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
    }


@contextlib.contextmanager
def browser_page(width: int = 1100, height: int = 1600) -> Iterator[Any]:
    """A page of a headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield browser.new_page(viewport={"width": width, "height": height})
        finally:
            browser.close()


def open_notebook(page: Any, address: str, timeout: float = 120) -> None:
    """Open the address of a notebook and wait until its kernel is there. Times are in seconds."""
    page.goto(address)
    page.wait_for_function(_READY, timeout=timeout * 1000)


def cells(page: Any) -> list[Cell]:
    """The cells of the open notebook."""
    return [Cell(**entry) for entry in page.evaluate(_CELLS)]


def run_all(page: Any, timeout: float = 600) -> list[Cell]:
    """Clear all outputs, run all cells, and wait until the kernel has nothing more to do."""
    page.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    page.wait_for_function("() => !document.querySelector('.jp-OutputArea-output')", timeout=30_000)
    page.evaluate("""() => {
        window.ranAll = false;
        jupyterapp.commands.execute('notebook:run-all-cells').finally(() => { window.ranAll = true; });
    }""")
    page.wait_for_function("() => window.ranAll", timeout=timeout * 1000)
    page.wait_for_function(_READY, timeout=30_000)
    return cells(page)


def move_slider(page: Any, index: int = 0, timeout: float = 60) -> bool:
    """Press the right arrow on a slider; whether the pictures of its cell changed within `timeout` seconds."""
    handle = page.locator(".jp-OutputArea .noUi-handle").nth(index)
    handle.scroll_into_view_if_needed()
    area = handle.locator("xpath=ancestor::div[contains(@class, 'jp-Cell-outputArea')]")
    pictures = "element => [...element.querySelectorAll('img')].map(image => image.src)"
    end = time.monotonic() + timeout
    while not (before := area.evaluate(pictures)) and time.monotonic() < end:
        time.sleep(0.1)
    handle.focus()
    page.keyboard.press("ArrowRight")
    while time.monotonic() < end:
        after = area.evaluate(pictures)
        if after and after != before:
            return True
        time.sleep(0.1)
    return False


def screenshots(page: Any, target: Path) -> list[Path]:
    """Save the open notebook from top to bottom as target-1.png, target-2.png, ..., a screen each."""
    page.evaluate("""() => {
        if (jupyterapp.shell.leftCollapsed === false) jupyterapp.shell.collapseLeft();
        if (jupyterapp.shell.rightCollapsed === false) jupyterapp.shell.collapseRight();
        document.activeElement?.blur();
    }""")
    scroller = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer").first
    page.wait_for_timeout(500)  # the panels fold, figures settle
    view, whole = scroller.evaluate("element => [element.clientHeight, element.scrollHeight]")
    saved = []
    for number, top in enumerate(range(0, whole, view), 1):
        scroller.evaluate("(element, top) => { element.scrollTop = top; }", top)
        page.wait_for_timeout(250)
        box = scroller.bounding_box()
        rest = min(view, whole - top)  # the last screen can't scroll as far: leave out what was on the one before
        clip = {"x": box["x"], "y": box["y"] + view - rest, "width": box["width"], "height": rest}
        path = target.with_name(f"{target.name}-{number}.png")
        page.screenshot(path=path, clip=clip)
        saved.append(path)
    return saved


def main() -> int:
    """Render a notebook; 1 if a cell failed or did not run."""
    parser = argparse.ArgumentParser(description="Run a notebook in JupyterLab and save what a student sees.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--preset", choices=("smoke", "quick", "full"), default="quick")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for all cells together")
    options = parser.parse_args()
    if reason := why_not():
        parser.error(reason)
    from medsegedu.course.lab import jupyterlab

    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch, "work")
        work.mkdir()
        shutil.copy(options.notebook, work)
        os.environ.update(environment(Path(scratch)) | {"MEDSEGEDU_PRESET": options.preset})
        with jupyterlab(work) as server, browser_page() as page:
            open_notebook(page, server.address(options.notebook.name))
            began = time.monotonic()
            found = run_all(page, options.timeout)
            sys.stdout.write(f"{options.notebook.name}: {time.monotonic() - began:.1f} s\n")
            saved = screenshots(page, options.out / options.notebook.stem)
    sys.stdout.write("".join(f"{path}\n" for path in saved))
    bad = [cell for cell in found if cell.code and (cell.errors or cell.count is None)]
    for cell in bad:
        sys.stderr.write(f"{cell.id}: {'; '.join(cell.errors) or 'did not run'}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
