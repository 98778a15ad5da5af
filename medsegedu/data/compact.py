"""Pictures kept as bytes: a camera gave 8 bits a pixel, a network wants 32, and a label of two classes needs one."""

from typing import Any

from torch import Tensor

from medsegedu.data.case import Case


class CompactCase(Case):
    """A case that keeps its pixels as bytes, and makes tensors of them when it is asked.

    541 pictures of nuclei so take 0.15 GB instead of 0.9. Each use of `image` or `label` makes a new tensor: hold on to it
    while you work with it, and know that writing into it leaves the case as it was.

    Args:
        image: (C, *spatial) uint8, of which `image` gives value / 255; other data types are kept as they are.
        label: (*spatial) of any integer type, of which `label` gives int64; or None.
    """

    def __init__(
        self,
        image: Tensor,
        label: Tensor | None,
        spacing: tuple[float, ...],
        patient: str,
        id: str,
        affine: Any = None,
    ) -> None:
        fields = {"_image": image, "_label": label, "spacing": spacing, "patient": patient, "id": id, "affine": affine}
        for name, value in fields.items():
            object.__setattr__(self, name, value)  # cases are frozen
        self.__post_init__()

    @property
    def image(self) -> Tensor:
        """(C, *spatial) float32."""
        kept: Tensor = self.__dict__["_image"]
        return kept if kept.is_floating_point() else kept.float() / 255

    @property
    def label(self) -> Tensor | None:
        """(*spatial) int64."""
        kept: Tensor | None = self.__dict__["_label"]
        return None if kept is None else kept.long()
