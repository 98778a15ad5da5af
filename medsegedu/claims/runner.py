"""Measure claims over seeds, in parallel processes or on a Dask cluster, and go on where a stopped run was."""

import json
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from medsegedu.claims.registry import Claim, all_claims, get
from medsegedu.claims.results import default_folder, make_result, write_result
from medsegedu.claims.worker import measure, prepare_process
from medsegedu.errors import UserError
from medsegedu.files import results_folder, write_atomically
from medsegedu.preset import preset as current_preset

Row = dict[str, Any]


class _Task(NamedTuple):
    """One seed of one claim, and the file that keeps its values."""

    claim: Claim
    seed: int
    path: Path


def run(
    keys: Sequence[str] | str | None = None,
    seeds: int | Sequence[int] | None = None,
    processes: int | None = None,
    folder: Path | str | None = None,
    *,
    progress: bool = True,
    fresh: bool = False,
    scheduler: str | None = None,
) -> list[dict[str, Any]]:
    """Measure claims and write one JSON each; returns the results.

    Every finished seed is kept at once in `results/claims/work`, so a run that was stopped or killed computes only what is
    missing when it is started again. A kept seed counts as long as the claim's code and the preset are the same.

    Args:
        keys: which claims; all by default.
        seeds: how many (0, 1, ...), or which; each claim's own number by default.
        processes: how many at once, one thread each; one a core by default; 1 stays in this process.
        folder: where the results go; in a checkout the package's own `claims/results`, to be committed.
        progress: a bar, and a sentence for each seed that fails.
        fresh: measure again what was kept.
        scheduler: the address of a Dask scheduler, "tcp://host:8786", whose workers have medsegedu installed.

    Raises:
        UserError: an unknown key, fewer than two seeds, or (after all else is done) claims with too few seeds that worked.
    """
    chosen = [get(key) for key in ([keys] if isinstance(keys, str) else keys)] if keys else all_claims()
    preset = current_preset()
    work = results_folder() / "claims" / "work"
    tasks = [
        _Task(claim, seed, work / f"{claim.key}-{preset}-{claim.code}-{seed}.json")
        for claim in chosen
        for seed in _seeds(claim, seeds)
    ]
    done: dict[tuple[str, int], Row] = {}
    failed: dict[tuple[str, int], str] = {}
    for task in [] if fresh else tasks:
        if (row := _kept(task.path)) is not None:
            done[task.claim.key, task.seed] = row
    missing = [task for task in tasks if (task.claim.key, task.seed) not in done]
    _check_importable(missing, processes, scheduler)
    with _bar(len(tasks), len(done), progress) as tell:
        for task, outcome in _outcomes(missing, preset, processes, scheduler):
            if isinstance(outcome, dict):
                write_atomically(task.path, json.dumps(outcome))
                done[task.claim.key, task.seed] = outcome
                tell(None)
            else:
                reason = f"{type(outcome).__name__}: {outcome}"
                failed[task.claim.key, task.seed] = reason
                tell(f"Claim {task.claim.key}, seed {task.seed} failed: {reason}")
    return _write(chosen, done, failed, preset, Path(folder) if folder else default_folder(preset))


def _write(
    chosen: Iterable[Claim],
    done: dict[tuple[str, int], Row],
    failed: dict[tuple[str, int], str],
    preset: str,
    folder: Path,
) -> list[dict[str, Any]]:
    results, troubles = [], []
    for claim in chosen:
        rows = [row for (key, _), row in done.items() if key == claim.key]
        reasons = {seed: reason for (key, seed), reason in failed.items() if key == claim.key}
        if len(rows) < 2:
            first = next(iter(reasons.values()), "none was measured")
            troubles.append(f"claim {claim.key} has {len(rows)} seeds that worked ({first})")
            continue
        results.append(make_result(claim, rows, reasons, preset))
        write_result(results[-1], folder)
    if troubles:
        raise UserError(f"No verdict without two seeds: {'; '.join(troubles)}. The others are in {folder}.")
    return results


def _seeds(claim: Claim, seeds: int | Sequence[int] | None) -> list[int]:
    wanted = (
        list(range(claim.seeds if seeds is None else seeds)) if seeds is None or isinstance(seeds, int) else list(seeds)
    )
    if len(set(wanted)) < 2:
        raise UserError(f"A verdict needs two or more seeds; seeds={seeds} gives {len(set(wanted))}.")
    return sorted(set(wanted))


def _kept(path: Path) -> Row | None:
    """A seed that an earlier run finished; None if there is none, or if its file is damaged."""
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        return row if {"seed", "values", "seconds"} <= row.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def _outcomes(
    tasks: list[_Task], preset: str, processes: int | None, scheduler: str | None
) -> Iterator[tuple[_Task, Row | Exception]]:
    """Each task with its row, or with the exception that ended it, as they finish; timings last, and one by one."""
    shared = [task for task in tasks if not task.claim.alone]
    alone = [task for task in tasks if task.claim.alone]
    count = min(processes or os.cpu_count() or 1, max(1, len(shared)))
    if scheduler is None and (processes == 1 or count == 1):
        shared, alone = [], shared + alone
    if shared:
        with _executor(count, scheduler) as executor:
            futures: dict[Future[Row], _Task] = {}
            for task in shared:
                module, key = task.claim.function.__module__, task.claim.key
                futures[executor.submit(measure, module, key, task.seed, preset)] = task
            for future in as_completed(futures):
                try:
                    yield futures[future], future.result()
                except Exception as error:
                    yield futures[future], error
    for task in alone:
        try:
            yield task, measure(task.claim.function.__module__, task.claim.key, task.seed, preset)
        except Exception as error:
            yield task, error


@contextmanager
def _executor(count: int, scheduler: str | None) -> Iterator[Executor]:
    """Processes on this machine, or a Dask cluster. Left early (Ctrl-C), it drops what waits and ends its own processes."""
    if scheduler is not None:
        try:
            from distributed import Client
        except ImportError:
            raise UserError("A Dask scheduler needs dask.distributed: pip install 'medsegedu[cluster]'.") from None
        with Client(scheduler) as client:
            yield client.get_executor(pure=False)
        return
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=prepare_process)
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    executor.shutdown()


def _check_importable(tasks: list[_Task], processes: int | None, scheduler: str | None) -> None:
    for task in tasks:
        if task.claim.function.__module__ == "__main__" and (processes != 1 or scheduler):
            raise UserError(
                f"Claim {task.claim.key} is defined in a notebook, where other processes cannot see it: use processes=1."
            )


@contextmanager
def _bar(total: int, done: int, progress: bool) -> Iterator[Any]:
    from tqdm.auto import tqdm

    with tqdm(total=total, initial=done, disable=not progress, unit="seed", file=sys.stderr) as bar:

        def tell(sentence: str | None) -> None:
            bar.update()
            if sentence and progress:
                bar.write(sentence, file=sys.stderr)

        yield tell
