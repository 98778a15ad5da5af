"""What was found: a result as JSON, the committed ones, and a table of them."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from medsegedu.claims.registry import Claim, all_claims, get
from medsegedu.claims.rule import LEVEL
from medsegedu.errors import UserError
from medsegedu.files import results_folder, write_atomically

COMMITTED = Path(__file__).parent / "results"


def make_result(
    claim: Claim, rows: Sequence[Mapping[str, Any]], failed: Mapping[int, str], preset: str
) -> dict[str, Any]:
    """The result of a claim from its seeds' rows (`seed`, `values`, `seconds`); JSON types only.

    Raises:
        UserError: fewer than two seeds.
    """
    values = [
        {"seed": r["seed"], "values": r["values"], "difference": claim.difference(r["values"]), "seconds": r["seconds"]}
        for r in sorted(rows, key=lambda row: row["seed"])
    ]
    effect, low, high = claim.rule.effect([value["difference"] for value in values])
    return {
        "key": claim.key,
        "claim": claim.sentence,
        "sentence": claim.sentence,
        "source": claim.source,
        "lesson": claim.lesson,
        "verdict": claim.rule.verdict(effect, low, high),
        "effect": effect,
        "low": low,
        "high": high,
        "level": LEVEL,
        "unit": claim.effect_unit,
        "measured_in": claim.unit,
        "rule": str(claim.rule),
        "at_least": claim.rule.at_least,
        "at_most": claim.rule.at_most,
        "scale": claim.rule.scale,
        "arms": list(claim.arms),
        "compared": list(claim.compared) if claim.own_difference is None else None,
        "seeds": [value["seed"] for value in values],
        "values": values,
        "failed": {str(seed): reason for seed, reason in failed.items()},
        "preset": preset,
        "code": claim.code,
        "versions": _versions(),
        "machine": {"cpu": _cpu(), "cores": os.cpu_count()},
        "seconds": round(sum(value["seconds"] for value in values), 1),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def write_result(result: Mapping[str, Any], folder: Path) -> Path:
    """Write one result to `folder`/KEY.json, whole or not at all."""
    return write_atomically(folder / f"{result['key']}.json", json.dumps(result, indent=1, allow_nan=False) + "\n")


def default_folder(preset: str) -> Path:
    """Where results go: into a checkout's package, to be committed; elsewhere, and at preset smoke, to the results folder."""
    in_checkout = (COMMITTED.parents[2] / "pyproject.toml").is_file()
    return COMMITTED if in_checkout and preset != "smoke" else results_folder() / "claims"


def result(key: str, folder: Path | str | None = None) -> dict[str, Any] | None:
    """The committed result of a claim (or the one in `folder`), None if it has not been measured.

    Raises:
        UserError: no such claim, or a damaged file.
    """
    return _read(Path(folder or COMMITTED) / f"{get(key).key}.json")


def table(folder: Path | str | None = None) -> list[dict[str, Any]]:
    """A row a claim: key, claim, lesson, verdict ("not measured" if it was not), effect, low, high, unit, seeds (a number),
    and `current`: whether the code that measured it is today's."""
    rows = []
    for known in all_claims():
        found = _read(Path(folder or COMMITTED) / f"{known.key}.json") or {}
        row: dict[str, Any] = {"key": known.key, "claim": known.sentence, "lesson": known.lesson}
        row["verdict"] = found.get("verdict", "not measured")
        row |= {name: found.get(name) for name in ("effect", "low", "high")}
        row |= {
            "unit": known.effect_unit,
            "seeds": len(found.get("seeds", [])),
            "current": found.get("code") == known.code,
        }
        rows.append(row)
    return rows


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is not the result of a claim ({error}); delete it and run the claim again.") from error


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("torch", "numpy", "medsegedu"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "from source"
    return found


def _cpu() -> str:
    """The processor's name: no host name, no user, nothing that says whose machine it is."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
