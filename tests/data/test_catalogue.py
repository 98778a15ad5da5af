"""The public sets: what is known of them."""

import re

import pytest

from medsegedu.data.catalogue import SETS, known, size_text
from medsegedu.errors import UserError

DECATHLON = {
    "hippocampus": "Task04_Hippocampus", "heart": "Task02_Heart", "prostate": "Task05_Prostate", "spleen": "Task09_Spleen",
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_each_set_says_where_it_is_and_whom_to_thank(name: str) -> None:
    public = known(name)
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", public.checksum)
    assert public.url.startswith("https://")
    assert public.url.endswith(public.archive)
    assert public.labels[0] == "background"
    assert all((public.licence, public.about, "doi:" in public.citation, public.contrasts))
    assert public.room > (public.size or 0)


@pytest.mark.parametrize(("name", "task"), DECATHLON.items())
def test_decathlon_addresses_and_checksums_are_those_that_monai_knows(name: str, task: str) -> None:
    theirs = pytest.importorskip("monai.apps").DecathlonDataset
    assert known(name).url == theirs.resource[task]
    assert known(name).md5 == theirs.md5[task]


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(UserError, match="no public set 'brain'; choose from hippocampus, nuclei, heart"):
        known("brain")


@pytest.mark.parametrize(
    ("size", "text"), [(None, ""), (1234, "1 kB"), (28_425_216, "28 MB"), (1_610_352_640, "1.6 GB")]
)
def test_sizes_for_people(size: int | None, text: str) -> None:
    assert size_text(size) == text
