"""The few blocks that a network is drawn with, found in its many steps without knowing the network.

Steps become one block while they stay at one resolution and have one way in and one way out: two convolutions, a residual
unit, a recurrent one. Pools and enlargements become the arrows between blocks; so does a single convolution on the way from
one resolution to another, as UNet 3+ has on each of its links. Scores (maps with a channel a class) and attention stay
blocks of their own.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

from medsegedu.show.family_trace import Step

Kind = Literal["image", "maps", "attention", "scores"]


@dataclass
class Block:
    """Some steps at one level (0 at the image's resolution, 1 at half of it...), and the blocks that they read."""

    kind: Kind
    level: int
    channels: int
    steps: set[int]
    inputs: set[int] = field(default_factory=set)
    convolutions: int = 0
    recurrent: bool = False
    attends: bool = False

    def absorb(self, steps: list[Step], other: "Block") -> None:
        """Take in the steps of a block that follows."""
        self.steps |= other.steps
        self.channels = other.channels
        self.attends |= other.attends or other.kind == "attention"
        used = [steps[step].weight for step in self.steps if steps[step].work and steps[step].attention is None]
        self.convolutions, self.recurrent = len(used), len(set(used)) < len(used)


def blocks(steps: list[Step], classes: Collection[int]) -> list[Block]:
    """The blocks in the order in which data passes through them, `inputs` as indices into the list; the image is the first.

    Maps of so many channels as `classes` has are scores.
    """
    graph = _Graph(steps, classes)
    while graph.merge_a_chain() or graph.merge_a_region() or graph.fold_a_branch() or graph.pass_by_a_move():
        pass
    for block in graph.blocks.values():
        if block.kind == "maps" and block.channels in classes and not block.convolutions:
            block.kind = "scores"  # such as a sum of scores
    order = sorted(graph.blocks)
    return [_with(graph.blocks[key], {order.index(i) for i in graph.blocks[key].inputs}) for key in order]


def _with(block: Block, inputs: set[int]) -> Block:
    block.inputs = inputs
    return block


class _Graph:
    """Blocks by the number of their last step, so that a block comes after all that it reads."""

    def __init__(self, steps: list[Step], classes: Collection[int]) -> None:
        self.steps = steps
        self.blocks: dict[int, Block] = {}
        place: dict[int, int] = {}  # in which block a step is
        last_of = {step.attention: index for index, step in enumerate(steps)}
        needed = _needed(steps)
        for index, step in enumerate(steps):
            if index not in needed:
                continue
            key = index if step.attention is None else last_of[step.attention]
            place[index] = key
            if key not in self.blocks:
                end = steps[key]
                scores = end.work and end.channels in classes
                kind: Kind = (
                    "image"
                    if not index
                    else "attention"
                    if step.attention is not None
                    else "scores"
                    if scores
                    else "maps"
                )
                self.blocks[key] = Block(kind, round(end.level), end.channels, set())
            block = self.blocks[key]
            block.steps.add(index)
            block.convolutions += bool(step.work) and step.attention is None
            block.inputs |= {place[i] for i in step.inputs} - {key}

    def readers(self, key: int) -> list[int]:
        return sorted(other for other, block in self.blocks.items() if key in block.inputs)

    def merge_a_chain(self) -> bool:
        """Join a block with the only one that it reads and that nothing else reads."""
        for key, block in self.blocks.items():
            if len(block.inputs) != 1 or block.kind == "image":
                continue
            (before,) = block.inputs
            above = self.blocks[before]
            alone = len(self.readers(before)) == 1 and above.level == block.level and above.kind != "image"
            gate = above.kind == "attention" and len(above.inputs) > 1
            into_scores = block.kind == "scores" and above.kind != "scores"
            out_of_scores = above.kind == "scores" and block.kind != "scores" and block.convolutions > 0
            if alone and not (gate or into_scores or out_of_scores):
                self._merge([before], key)
                return True
        return False

    def merge_a_region(self) -> bool:
        """Join blocks of one level that begin at one of them and end at another, such as a residual unit."""
        for key in sorted(self.blocks):
            start = self.blocks[key]
            if start.kind != "maps" or len(self.readers(key)) < 2:
                continue
            region, edge = [key], set(self.readers(key))
            while edge:
                end = min(edge)
                block = self.blocks[end]
                if block.level != start.level or block.kind == "scores" or not block.inputs <= set(region):
                    break
                edge = (edge - {end}) | set(self.readers(end))
                if edge == set(self.readers(end)) and all(set(self.readers(k)) <= {*region, end} for k in region):
                    self._merge(region, end)
                    return True
                region.append(end)
        return False

    def fold_a_branch(self) -> bool:
        """Join what at most one convolution makes of one map with the block that reads it together with others."""
        for key, block in self.blocks.items():
            readers = self.readers(key)
            light = block.kind != "attention" and block.convolutions <= 1 and len(block.inputs) == 1
            if light and len(readers) == 1 and len(self.blocks[readers[0]].inputs) > 1:
                reader = self.blocks[readers[0]]
                if reader.level == block.level and reader.kind != "attention":
                    reader.inputs = (reader.inputs - {key}) | block.inputs
                    reader.steps |= block.steps
                    del self.blocks[key]
                    return True
        return False

    def pass_by_a_move(self) -> bool:
        """Take out what only changes the resolution: its readers read what it read."""
        for key, block in self.blocks.items():
            readers = self.readers(key)
            if block.kind == "maps" and len(block.inputs) == 1 and readers:
                (before,) = block.inputs
                up = self.blocks[before].level - block.level
                if (up and not block.convolutions) or (up > 0 and block.convolutions == 1):
                    for reader in readers:
                        self.blocks[reader].inputs = (self.blocks[reader].inputs - {key}) | {before}
                    del self.blocks[key]
                    return True
        return False

    def _merge(self, keys: Iterable[int], end: int) -> None:
        """Join blocks with the one at their end."""
        keys = list(keys)
        merged = self.blocks[keys[0]]
        for key in [*keys[1:], end]:
            merged.inputs |= self.blocks[key].inputs
            merged.absorb(self.steps, self.blocks[key])
        merged.inputs -= {*keys, end}
        for key in [*keys, end]:
            del self.blocks[key]
        self.blocks[end] = merged
        self.blocks = dict(sorted(self.blocks.items()))


def _needed(steps: list[Step]) -> set[int]:
    """The steps that the last one depends on."""
    needed = {len(steps) - 1}
    for index in range(len(steps) - 1, -1, -1):
        if index in needed:
            needed |= set(steps[index].inputs)
    return needed
