"""The hybrid loss of UNet 3+: focal for the pixels, MS-SSIM for patches, IoU for the whole map.

H. Huang et al., "UNet 3+: A Full-Scale Connected UNet for Medical Image Segmentation", ICASSP 2020.

*Deviations.* One softmax over the classes, where the paper has one sigmoid for one organ; MS-SSIM takes the luminance at
the coarsest scale only, as Wang defined it, where the paper's formula takes it at each.
"""

from torch import Tensor

from medsegedu.losses.focal import focal_loss
from medsegedu.losses.iou import iou_loss
from medsegedu.losses.ms_ssim import ms_ssim_loss
from medsegedu.losses.overlap import Empty


def hybrid_loss(
    logits: Tensor,
    label: Tensor,
    *,
    ignore_index: int | None = None,
    include_background: bool = False,
    empty: Empty = "false positives",
    scales: int = 5,
) -> Tensor:
    """`focal_loss` + `ms_ssim_loss` + `iou_loss` of logits (N, C, *spatial) and label (N, *spatial), with equal weights.

    `include_background` concerns the last two, `empty` the IoU, and `scales` MS-SSIM: 5 need images of 176 pixels, 3 of 44.
    """
    similarity = ms_ssim_loss(
        logits, label, ignore_index=ignore_index, include_background=include_background, scales=scales
    )
    iou = iou_loss(logits, label, ignore_index=ignore_index, include_background=include_background, empty=empty)
    return focal_loss(logits, label, ignore_index=ignore_index) + similarity + iou
