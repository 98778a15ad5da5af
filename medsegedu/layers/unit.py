"""One convolution, normalisation and ReLU: the smallest stone of the attention and the recurrent U-Net."""

from torch import nn

from medsegedu.layers.conv import Norm, conv, norm_layer


class ConvUnit(nn.Sequential):
    """Convolution of the same size, normalisation, ReLU: (N, in_channels, *spatial) -> (N, out_channels, *spatial).

    Args:
        kernel: an odd size, the same along each axis.
        bias: also before a normalisation, which subtracts it again; published networks often have it, and then it counts.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int = 3,
        dims: int = 2,
        norm: Norm | None = "batch",
        bias: bool = False,
    ) -> None:
        super().__init__(
            conv(dims)(in_channels, out_channels, kernel, padding=kernel // 2, bias=bias or norm is None),
            norm_layer(norm, out_channels, dims),
            nn.ReLU(inplace=True),  # no layer needs what stood there before
        )


def double_unit(
    in_channels: int, out_channels: int, *, dims: int = 2, norm: Norm | None = "batch", bias: bool = False
) -> nn.Sequential:
    """Two 3x3 units, U-Net's step: (N, in_channels, *spatial) -> (N, out_channels, *spatial)."""
    return nn.Sequential(
        ConvUnit(in_channels, out_channels, dims=dims, norm=norm, bias=bias),
        ConvUnit(out_channels, out_channels, dims=dims, norm=norm, bias=bias),
    )


class ResizeConv(nn.Sequential):
    """Twice the size by repeating pixels, then a 3x3 unit: (N, in_channels, *spatial) -> (N, out_channels, *2 spatial).

    A. Odena, V. Dumoulin, C. Olah, "Deconvolution and Checkerboard Artifacts", Distill 2016. It costs 9 products for each
    pixel and pair of channels where a 2x2 up-convolution costs 1.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, dims: int = 2, norm: Norm | None = "batch", bias: bool = False
    ) -> None:
        super().__init__(
            nn.Upsample(scale_factor=2),
            ConvUnit(in_channels, out_channels, dims=dims, norm=norm, bias=bias),
        )
