"""Execute a notebook in a kernel of its own, which is gone afterwards whatever happens."""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsegedu.errors import UserError

# Runs in the kernel, after the last cell. Linux keeps a peak of each program; getrusage's includes that of the process
# which started it.
_PEAK = """
def _peak_memory():
    import sys
    from pathlib import Path
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.exists() else ():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return 0
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(_peak_memory())
"""


@dataclass(frozen=True)
class Failure:
    """Where a notebook stopped: the cell's id, and the last line of what Python said."""

    cell: str
    message: str


def execute(
    notebook: Any, folder: Path, variables: dict[str, str], before_cell: Callable[[Any], object]
) -> tuple[Failure | None, int]:
    """Run `notebook` in place, so that its outputs go into it, up to the first cell that fails.

    Args:
        folder: the kernel's current folder.
        variables: environment variables of the kernel, on top of this process's.
        before_cell: called with each code cell before it runs.

    Raises:
        UserError: the kernel does not start.

    Returns:
        the failure or None, and the kernel's peak memory in bytes: 0 where the system does not tell, or the kernel died.
    """
    from jupyter_core.utils import ensure_event_loop, run_sync
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    client = NotebookClient(
        notebook, kernel_manager_class=_manager(), timeout=None,
        extra_arguments=["--IPKernelApp.log_level=50"],  # its log is for servers; here it would tear the bar
        resources={"metadata": {"path": str(folder)}},
    )  # fmt: skip
    client.widget_registry["@jupyter-widgets/output"]["OutputModel"] = _mute_output()
    try:
        with ExitStack() as stack:
            try:
                stack.enter_context(client.setup_kernel(env=os.environ | variables))
            except RuntimeError as error:
                raise UserError(
                    f"No Jupyter kernel starts here ({error}); run `{sys.executable} -m pip install ipykernel`."
                ) from error
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type != "code":
                    continue
                before_cell(cell)
                try:
                    client.execute_cell(cell, index)
                except CellExecutionError as error:
                    said = (error.evalue or "no message").strip().split("\n")[-1]
                    return Failure(cell.id, f"{error.ename}: {said}"), _peak_memory(client)
                except DeadKernelError:
                    return Failure(cell.id, "the kernel died, most often because the memory was used up"), 0
            return None, _peak_memory(client)
    except KeyboardInterrupt:
        ensure_event_loop().set_exception_handler(lambda loop, context: None)  # for the tasks that are cut off
        raise
    finally:
        # An interrupt while the kernel starts comes before nbclient takes care of it.
        if client.km is not None and client.km.has_kernel:
            manager: Any = client.km
            run_sync(manager.shutdown_kernel)(now=True)


def _manager() -> type:
    """A kernel manager that starts this Python, whatever "python3" is registered as on this computer."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class ThisPython(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=command, display_name="Python 3", language="python")

    return ThisPython


def _mute_output() -> type:
    """nbclient's stand-in for an Output widget, which collects what is shown in it, without its messages to the kernel.

    They go out through the socket on which nbclient waits for the cell's end, and may swallow the news of it: then the
    run hangs. Nobody looks at the state that they would bring to the kernel.
    """
    from nbclient.output_widget import OutputWidget

    class MuteOutput(OutputWidget):
        def send(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
            pass

    return MuteOutput


def _peak_memory(client: Any) -> int:
    from nbformat.v4 import new_code_cell

    cell = new_code_cell(_PEAK)
    client.nb.cells.append(cell)
    try:
        client.execute_cell(cell, len(client.nb.cells) - 1)
        return int(cell.outputs[0]["text"])
    finally:
        client.nb.cells.pop()
