"""Tiles of one field are found by their borders, and what only looks alike is not."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import cut, scene
from scipy import ndimage
from scipy.sparse import coo_array, csgraph

from medsegedu.data.tiles import LARGEST_STEP, LEAST_CORRELATION, edges_of, groups_of, seams

Neighbours = set[tuple[int, int, int]]


def mosaic(random: np.random.Generator, grids: list[tuple[int, int]]) -> tuple[list[np.ndarray], Neighbours]:
    """Tiles of several fields in random order, and which continue which along which axis."""
    tiles, truth = [], set()
    for rows, columns in grids:
        first = len(tiles)
        tiles += cut(scene(random, (rows * 111, columns * 127), 6), rows, columns)
        at = np.arange(first, len(tiles)).reshape(rows, columns)
        truth |= {(int(i), int(j), 0) for i, j in zip(at[:-1].ravel(), at[1:].ravel(), strict=True)}
        truth |= {(int(i), int(j), 1) for i, j in zip(at[:, :-1].ravel(), at[:, 1:].ravel(), strict=True)}
    order = random.permutation(len(tiles)).tolist()
    place = {old: new for new, old in enumerate(order)}
    return [tiles[i] for i in order], {(place[i], place[j], axis) for i, j, axis in truth}


def neighbours(images: list[np.ndarray]) -> Neighbours:
    found = seams([edges_of(image) for image in images], [image.shape for image in images])
    return {(seam.first, seam.second, seam.axis) for seam in found}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=4))
def test_only_neighbours_of_one_field_continue_each_other(seed: int, grids: list[tuple[int, int]]) -> None:
    tiles, truth = mosaic(np.random.default_rng(seed), grids)
    assert neighbours(tiles) <= truth


def test_nearly_all_neighbours_are_found() -> None:
    pairs = [mosaic(np.random.default_rng(seed), [(3, 3), (1, 2), (2, 2)]) for seed in range(12)]
    found = sum(len(neighbours(tiles)) for tiles, _ in pairs)
    assert found >= 0.98 * sum(len(truth) for _, truth in pairs)


@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=12))
def test_groups_are_the_connected_parts(n: int, pairs: list[tuple[int, int]]) -> None:
    pairs = [(i % n, j % n) for i, j in pairs]
    graph = coo_array((np.ones(len(pairs)), tuple(np.array(pairs, int).reshape(-1, 2).T)), shape=(n, n))
    parts = csgraph.connected_components(graph, directed=False)[1]
    found = groups_of(n, pairs)
    assert [[a == b for b in found] for a in found] == [[a == b for b in parts] for a in parts]
    assert list(dict.fromkeys(found)) == list(range(max(found) + 1))


def test_seams_are_those_of_a_pair_by_pair_comparison() -> None:
    random = np.random.default_rng(3)
    images = (
        cut(scene(random, (80, 90)), 2, 3)
        + cut(scene(random, (60, 80)), 2, 2)
        + [scene(random, (40, 30)) for _ in range(9)]
    )
    images += [np.zeros((80, 90), np.float32), np.full((80, 90), 7, np.float32)]
    expected = set()
    for axis in (0, 1):
        lines = {(i, k): np.take(image, k, axis) for i, image in enumerate(images) for k in (0, 1, -2, -1)}
        r = {
            (i, j): np.corrcoef(lines[i, -1], lines[j, 0])[0, 1] if np.ptp(lines[i, -1]) and np.ptp(lines[j, 0]) else 0
            for i, j in product(range(len(images)), repeat=2)
            if i != j and images[i].shape == images[j].shape
        }
        for (i, j), value in r.items():
            best = all(value >= other for (a, b), other in r.items() if a == i or b == j)
            inside = [np.mean((lines[i, -2] - lines[i, -1]) ** 2), np.mean((lines[j, 0] - lines[j, 1]) ** 2)]
            step = np.sqrt(np.mean((lines[i, -1] - lines[j, 0]) ** 2))
            if best and value > LEAST_CORRELATION and step <= LARGEST_STEP * max(np.sqrt(np.mean(inside)), 0.4):
                expected.add((i, j, axis))
    assert neighbours(images) == expected
    assert len(expected) == 7 + 4


def test_volumes_continue_each_other_too() -> None:
    field = scene(np.random.default_rng(0), (30, 32, 26))
    halves = [field[:, :, :13], field[:, :, 13:], scene(np.random.default_rng(1), (30, 32, 13))]
    assert neighbours(halves) == {(0, 1, 2)}


def test_a_bright_cell_at_the_same_height_is_no_continuation() -> None:
    images = [np.full((40, 30), 10, np.float32) for _ in range(2)]
    images[0][20:25, 27:] = 200
    images[1][20:25, :3] = 80  # correlates at 1, but the step is not that of one picture
    assert neighbours(images) == set()
    images[1][20:25, :3] = 200
    assert neighbours(images) == {(0, 1, 1)}


def test_of_two_that_fit_the_better_one_is_the_neighbour_and_nobody_is_its_own() -> None:
    random = np.random.default_rng(0)
    left, right = cut(scene(random, (111, 240), 6), 1, 2)
    other = np.rint(left + ndimage.gaussian_filter(random.normal(0, 25, left.shape), 6)).astype(np.float32)
    fits = [np.corrcoef(tile[:, -1], right[:, 0])[0, 1] for tile in (left, other)]
    assert min(fits) > LEAST_CORRELATION
    assert neighbours([other, right]) == neighbours([left, right]) == {(0, 1, 1)}
    assert neighbours([left, other, right]) == {(int(np.argmax(fits)), 2, 1)}
    around = np.concatenate([left, left[:, ::-1]], 1)  # its last column is its first
    assert neighbours([around, scene(random, around.shape, 6)]) == set()
