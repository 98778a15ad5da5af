"""The answers as a student would write them, fit to be pasted; each is shown once its exercise was passed."""

import torch


def squeeze_excite(x: torch.Tensor, squeeze: torch.nn.Module, excite: torch.nn.Module) -> torch.Tensor:
    """(N, C, H, W) -> the same shape, each channel scaled."""
    averages = x.mean(dim=(2, 3))  # (N, C)
    factors = torch.sigmoid(excite(torch.relu(squeeze(averages))))  # (N, C)
    return x * factors[:, :, None, None]  # (N, C, H, W)


def spatial_attention(x: torch.Tensor, window: torch.nn.Module) -> torch.Tensor:
    """(N, C, H, W) -> the factor of each pixel, (N, 1, H, W)."""
    largest = x.max(dim=1, keepdim=True).values  # (N, 1, H, W)
    average = x.mean(dim=1, keepdim=True)  # (N, 1, H, W)
    return torch.sigmoid(window(torch.cat([largest, average], dim=1)))  # (N, 1, H, W)


def attention_gate(
    skip: torch.Tensor, gate: torch.Tensor, theta: torch.nn.Module, phi: torch.nn.Module, psi: torch.nn.Module
) -> torch.Tensor:
    """skip (N, C, H, W), gate (N, D, h, w) -> the skip, dimmed, (N, C, H, W)."""
    seen = theta(skip)  # (N, E, H, W)
    sought = torch.nn.functional.interpolate(phi(gate), size=seen.shape[2:], mode="bilinear")  # (N, E, H, W)
    factor = torch.sigmoid(psi(torch.relu(seen + sought)))  # (N, 1, H, W)
    return skip * factor  # (N, C, H, W)


def non_local(
    x: torch.Tensor, theta: torch.nn.Module, phi: torch.nn.Module, g: torch.nn.Module, out: torch.nn.Module
) -> torch.Tensor:
    """(N, C, H, W) -> the same shape."""
    queries, keys, values = theta(x).flatten(2), phi(x).flatten(2), g(x).flatten(2)  # (N, E, P)
    weights = (queries.transpose(1, 2) @ keys).softmax(dim=2)  # (N, P, P), a row for each pixel that asks
    answers = values @ weights.transpose(1, 2)  # (N, E, P)
    return x + out(answers.unflatten(2, x.shape[2:]))  # (N, C, H, W)


def criss_cross(
    x: torch.Tensor, query: torch.nn.Module, key: torch.nn.Module, value: torch.nn.Module, gamma: torch.Tensor
) -> torch.Tensor:
    """(N, C, H, W) -> the same shape."""
    q, k, v = query(x), key(x), value(x)
    h, w = x.shape[2:]
    column = torch.einsum("nchw,ncjw->nhwj", q, k)  # (N, H, W, H), scores with the pixels j of its column
    row = torch.einsum("nchw,nchj->nhwj", q, k)  # (N, H, W, W), scores with the pixels j of its row
    itself = torch.eye(w, dtype=torch.bool, device=x.device)  # (W, W), already counted in the column
    scores = torch.cat([column, row.masked_fill(itself, -torch.inf)], dim=3)  # (N, H, W, H + W)
    in_column, in_row = scores.softmax(dim=3).split([h, w], dim=3)
    gathered = torch.einsum("nhwj,ncjw->nchw", in_column, v) + torch.einsum("nhwj,nchj->nchw", in_row, v)
    return x + gamma * gathered  # (N, C, H, W)
