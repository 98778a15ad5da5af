"""Patients, virtual and real: cases, datasets, and the way from a dataset to a batch."""

from medsegedu.data.augment import Augment
from medsegedu.data.case import Case, Dataset
from medsegedu.data.centre_patches import CentrePatchSampler, balanced_sample, extract_patch
from medsegedu.data.folder import check_seen, folder
from medsegedu.data.geometry import case_on, image_on, label_on, probabilities_on
from medsegedu.data.grid import Grid
from medsegedu.data.images import nifti_case, read_image, read_label, read_nifti, read_picture, zscore
from medsegedu.data.inspect import Report, inspect_folder
from medsegedu.data.intensity import window
from medsegedu.data.joint import Joint
from medsegedu.data.lazy import LazyVolume
from medsegedu.data.leakage import Finding, find_leaks
from medsegedu.data.lesions import Lesions
from medsegedu.data.patches import PatchSampler
from medsegedu.data.real import NotHere, hippocampus, nuclei
from medsegedu.data.save import save_nifti
from medsegedu.data.virtual import CLASSES, Scanner, ruler, virtual_patients

__all__ = [
    "CLASSES", "Augment", "Case", "CentrePatchSampler", "Dataset", "Finding", "Grid", "Joint", "LazyVolume", "Lesions", "NotHere",
    "PatchSampler", "Report", "Scanner", "balanced_sample", "case_on", "check_seen", "extract_patch", "find_leaks",
    "folder", "hippocampus", "image_on", "inspect_folder", "label_on", "nifti_case", "nuclei", "probabilities_on",
    "read_image", "read_label", "read_nifti", "read_picture", "ruler", "save_nifti", "virtual_patients", "window", "zscore",
]  # fmt: skip
