"""The public data sets of the course: where they are, how to know them, what they hold, and whom to thank.

Only facts that are recorded somewhere public stand here; what is not known is left out.

- Decathlon archives. MD5: `monai.apps.DecathlonDataset` (Project-MONAI/MONAI). SHA-256 of the same addresses:
  `torch_em.data.datasets.medical.msd` (constantinpape/torch-em). Sizes were recorded with these checksums by others who
  downloaded them; none was found for the prostate. Licence, counts and labels: medicaldecathlon.com and `dataset.json`.
- Nuclei. SHA-256: `torch_em.data.datasets.light_microscopy.dsb` (constantinpape/torch-em). Counts: StarDist's users.
"""

from dataclasses import dataclass

from medsegedu.errors import UserError

MSD = "https://msd-for-monai.s3-us-west-2.amazonaws.com"
DECATHLON = "Antonelli et al., The Medical Segmentation Decathlon, 2022, doi:10.1038/s41467-022-30695-9"


@dataclass(frozen=True)
class PublicSet:
    """One public set.

    Args:
        name: what the course and the command line call it, and its folder.
        about: what it shows, for people.
        url, checksum: the archive; the checksum as "sha256:..." of the whole file.
        size: of the archive in bytes, or None where nobody recorded it.
        cases: how many images have a label.
        labels: the name of each label value, background first.
        contrasts: the name of each channel.
        proof: the file or folder that tells the set's folder from any other.
        room: how many bytes the archive may unfold to, against archives made to fill a disk.
        md5: a second checksum, for those who look the archive up elsewhere.
    """

    name: str
    about: str
    url: str
    checksum: str
    size: int | None
    cases: int
    labels: tuple[str, ...]
    contrasts: tuple[str, ...]
    licence: str
    citation: str
    proof: str
    room: int
    md5: str = ""

    @property
    def archive(self) -> str:
        """The archive's file name."""
        return self.url.rsplit("/", 1)[1]


SETS = {
    public.name: public
    for public in (
        PublicSet(
            name="hippocampus",
            about="hippocampus in T1 MRI, volumes of 1 mm (Decathlon, task 4)",
            url=f"{MSD}/Task04_Hippocampus.tar",
            checksum="sha256:282d808a3e84e5a52f090d9dd4c0b0057b94a6bd51ad41569aef5ff303287771",
            md5="9d24dba78a72977dbd1d2e110310f31b",
            size=28_425_216,
            cases=260,
            labels=("background", "anterior hippocampus", "posterior hippocampus"),
            contrasts=("T1",),
            licence="CC-BY-SA 4.0",
            citation=DECATHLON,
            proof="imagesTr",
            room=200_000_000,
        ),
        PublicSet(
            name="nuclei",
            about="cell nuclei in fluorescence microscopy (2018 Data Science Bowl, as packed by StarDist)",
            url="https://github.com/stardist/stardist/releases/download/0.1.0/dsb2018.zip",
            checksum="sha256:e44921950edce378063aa4457e625581ba35b4c2dbd9a07c19d48900129f386f",
            size=None,
            cases=497,  # 447 in its folder `train` and 50 in `test`; a local copy of BBBC038v1 has more
            labels=("background", "nucleus"),
            contrasts=("fluorescence",),
            licence="CC0",
            citation="Caicedo et al., 2019, doi:10.1038/s41592-019-0612-7 (BBBC038v1)",
            proof="index.csv",
            room=2_000_000_000,
        ),
        PublicSet(
            name="heart",
            about="left atrium in MRI (Decathlon, task 2)",
            url=f"{MSD}/Task02_Heart.tar",
            checksum="sha256:4277dc6dfe100142aa8060e895f6ff0f81c5b733703ea250bd294df8f820bcba",
            md5="06ee59366e1e5124267b774dbd654057",
            size=455_721_472,
            cases=20,
            labels=("background", "left atrium"),
            contrasts=("MRI",),
            licence="CC-BY-SA 4.0",
            citation=DECATHLON,
            proof="imagesTr",
            room=2_000_000_000,
        ),
        PublicSet(
            name="prostate",
            about="prostate in T2 and ADC MRI, four-dimensional files (Decathlon, task 5)",
            url=f"{MSD}/Task05_Prostate.tar",
            checksum="sha256:8cbbd7147691109b880ff8774eb6ab26704b1be0935482e7996a36a4ed31ec79",
            md5="35138f08b1efaef89d7424d2bcc928db",
            size=None,
            cases=32,
            labels=("background", "peripheral zone", "transition zone"),
            contrasts=("T2", "ADC"),
            licence="CC-BY-SA 4.0",
            citation=DECATHLON,
            proof="imagesTr",
            room=2_000_000_000,
        ),
        PublicSet(
            name="spleen",
            about="spleen in CT of the abdomen (Decathlon, task 9)",
            url=f"{MSD}/Task09_Spleen.tar",
            checksum="sha256:dfeba347daae4fb08c38f4d243ab606b28b91b206ffc445ec55c35489fa65e60",
            md5="410d4a301da4e5b2f6f86ec3ddba524e",
            size=1_610_352_640,
            cases=41,
            labels=("background", "spleen"),
            contrasts=("CT",),
            licence="CC-BY-SA 4.0",
            citation=DECATHLON,
            proof="imagesTr",
            room=8_000_000_000,
        ),
    )
}


def known(name: str) -> PublicSet:
    """A set by its name.

    Raises:
        UserError: there is none of this name; the sentence lists them.
    """
    if name not in SETS:
        raise UserError(f"There is no public set '{name}'; choose from {', '.join(SETS)}.")
    return SETS[name]


def size_text(size: float | None) -> str:
    """Bytes for people: "28 MB", "1.6 GB"; "" where it is not known."""
    if size is None:
        return ""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
