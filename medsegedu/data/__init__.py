"""Patients, virtual and real: cases, datasets, and the way from a dataset to a batch."""

from medsegedu.data.case import Case, Dataset
from medsegedu.data.centre_patches import CentrePatchSampler, balanced_sample, extract_patch
from medsegedu.data.images import nifti_case, read_nifti, read_picture, zscore
from medsegedu.data.intensity import window
from medsegedu.data.lesions import Lesions
from medsegedu.data.patches import PatchSampler
from medsegedu.data.real import NotHere, hippocampus, nuclei
from medsegedu.data.virtual import CLASSES, Scanner, ruler, virtual_patients

__all__ = [
    "CLASSES", "Case", "CentrePatchSampler", "Dataset", "Lesions", "NotHere", "PatchSampler", "Scanner", "balanced_sample",
    "extract_patch", "hippocampus", "nifti_case", "nuclei", "read_nifti", "read_picture", "ruler", "virtual_patients", "window",
    "zscore",
]  # fmt: skip
