"""Does a wrong answer pass? Every solution is changed in one place, in every way below, and handed in.

    python tests/benchmarks/mutants.py              # all lessons, about a minute on one core
    python tests/benchmarks/mutants.py 09 10

A change that passes is printed with its line. Most of these are the same answer in other words (`min(a, b)` for `min(b, a)`);
each of the others is a case that the exercise lacks.
"""

import argparse
import ast
import importlib
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from medsegedu.exercises.engine import Exercise

ROOT = Path(__file__).parents[2]
OPERATORS: dict[type[ast.AST], list[type[ast.AST]]] = {
    ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt, ast.GtE], ast.Gt: [ast.GtE, ast.Lt], ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.In: [ast.NotIn], ast.NotIn: [ast.In],
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div], ast.Div: [ast.Mult, ast.FloorDiv],
    ast.FloorDiv: [ast.Div], ast.Pow: [ast.Mult], ast.Mod: [ast.FloorDiv], ast.BitAnd: [ast.BitOr], ast.BitOr: [ast.BitAnd],
    ast.And: [ast.Or], ast.Or: [ast.And],
}  # fmt: skip
NAMES = {
    "sum": "mean", "mean": "sum", "max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax", "amax": "amin",
    "amin": "amax", "floor": "ceil", "ceil": "floor", "round": "int", "any": "all", "all": "any", "softmax": "log_softmax",
    "sigmoid": "tanh", "zeros": "ones", "ones": "zeros", "relu": "abs", "square": "abs", "maximum": "minimum",
}  # fmt: skip
MODULES = {"torch", "F", "np", "math"}


def replacements(node: ast.AST) -> Iterator[ast.AST]:
    """What could stand in the place of `node`."""
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield from map(ast.Constant, {value + 1, value - 1, 0} - {value})
        case ast.Constant(value=float(value)):
            yield from map(ast.Constant, {2 * value, value / 2, value + 1, 0.0} - {value})
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            yield from (ast.Compare(left, [other()], [right]) for other in OPERATORS.get(type(operator), []))  # type: ignore[list-item]
        case ast.BinOp(left=left, op=operator, right=right):
            yield from (ast.BinOp(left, other(), right) for other in OPERATORS.get(type(operator), []))  # type: ignore[arg-type]
        case ast.BoolOp(op=operator, values=values):
            yield from (ast.BoolOp(other(), values) for other in OPERATORS[type(operator)])  # type: ignore[arg-type]
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.Attribute(value=owner, attr=name) if name in NAMES:
            yield ast.Attribute(owner, NAMES[name], ast.Load())
        case ast.Name(id=name) if name in NAMES:
            yield ast.Name(NAMES[name], ast.Load())
        case ast.Call(func=function, args=arguments, keywords=keywords):
            of_a_tensor = isinstance(function, ast.Attribute) and getattr(function.value, "id", "") not in MODULES
            if of_a_tensor:
                yield function.value  # type: ignore[attr-defined]
            yield from arguments[:1]
            yield from (ast.Call(function, arguments, [k for k in keywords if k is not one]) for one in keywords)
            if len(arguments) == 2:
                yield ast.Call(function, arguments[::-1], keywords)
        case ast.Tuple(elts=[first, second], ctx=ast.Load()):
            yield ast.Tuple([second, first], ast.Load())
        case ast.Slice(lower=lower, upper=upper, step=step):
            yield from (ast.Slice(None, upper, step), ast.Slice(lower, None, step), ast.Slice(lower, upper, None))
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.If(body=body, orelse=orelse):
            yield from (ast.If(ast.Constant(True), body, orelse), ast.If(ast.Constant(False), body, orelse))
        case ast.comprehension(target=target, iter=source, ifs=[_, *_]):
            yield ast.comprehension(target, source, [], 0)
    if isinstance(node, ast.Assign | ast.AugAssign | ast.For | ast.Expr) and not _is_docstring(node):
        yield ast.Pass()


def mutants(function: ast.FunctionDef | ast.ClassDef) -> dict[str, str]:
    """Source of the changed function -> what was changed."""
    found: dict[str, str] = {}
    whole = ast.unparse(function)
    for parent in list(ast.walk(function)):
        for field, value in list(ast.iter_fields(parent)):
            for place, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                for other in replacements(child) if isinstance(child, ast.AST) else []:
                    _put(parent, field, place, other)
                    line = child.lineno - function.lineno + 1 if hasattr(child, "lineno") else "?"
                    change = f"line {line}: {ast.unparse(child)[:50]}  ->  {ast.unparse(other)[:50]}"
                    found.setdefault(ast.unparse(function), change.replace("\n", " "))
                    _put(parent, field, place, child)
    found.pop(whole, None)
    return found


def solutions(number: str) -> Iterator[tuple[Exercise, ast.FunctionDef | ast.ClassDef, dict[str, Any]]]:
    """Each exercise of a lesson, the function that solves it, and the names that this function finds in the notebook."""
    tree = ast.parse(next((ROOT / "solutions").glob(f"{number}_*.py")).read_text())
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    checked: dict[str, ast.FunctionDef | ast.ClassDef] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr=exercise), attr="check"), args=[ast.Name(id=function)]
            ) if function in defined:
                checked[exercise] = defined[function]
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    notebook: dict[str, Any] = {}
    exec(compile(ast.Module([*imports, *checked.values()], []), "<notebook>", "exec"), notebook)
    exercises = importlib.import_module(f"medsegedu.exercises.lesson_{number}")
    for exercise, part in checked.items():
        yield getattr(exercises, exercise), part, notebook


def hand_in(exercise: Exercise, source: str, name: str, notebook: dict[str, Any]) -> str:
    """ "passes", "named" or "refused"."""
    names = dict(notebook)
    try:
        exec(source, names)
    except Exception:  # a change that does not even define a function
        return "refused"
    outcome = exercise.grade(names[name])
    if outcome.status == "right":
        return "passes"
    return "named" if outcome.mistake else "refused"


def _put(parent: ast.AST, field: str, place: int | None, child: ast.AST) -> None:
    if place is None:
        setattr(parent, field, child)
    else:
        getattr(parent, field)[place] = child


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def main(report: Callable[[str], object] = sys.stdout.write) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = [path.name[:2] for path in sorted((ROOT / "solutions").glob("*.py"))]
    parser.add_argument("lessons", nargs="*", metavar="NN", help="lessons, by their numbers; all if none is given")
    wanted = parser.parse_args().lessons or every
    if unknown := sorted(set(wanted) - set(every)):
        parser.error(f"there is no lesson {', '.join(unknown)}; the lessons are {', '.join(every)}")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    total: Counter[str] = Counter()
    start = time.perf_counter()
    for number in wanted:
        for exercise, function, notebook in solutions(number):
            changed = mutants(function)
            bar = tqdm(changed.items(), exercise.key, leave=False)
            outcomes = {change: hand_in(exercise, source, function.name, notebook) for source, change in bar}
            counts = Counter(outcomes.values())
            total += counts
            report(f"{exercise.key}: {len(changed)} changes, {counts['named']} named, {counts['passes']} pass\n")
            report("".join(f"    {change}\n" for change, outcome in outcomes.items() if outcome == "passes"))
    report(
        f"{total.total()} changes, {total['named']} named, {total['passes']} pass, {time.perf_counter() - start:.0f} s\n"
    )


if __name__ == "__main__":
    main()
