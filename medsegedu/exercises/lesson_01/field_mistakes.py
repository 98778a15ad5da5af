"""Exercise 1.6, the mistakes: other ways to count what one output sees."""

from medsegedu.exercises.lesson_01.fields import Layers, receptive_field, reference


@receptive_field.mistake(
    "You added the kernels up. Two kernels of 3 see 5 pixels, not 6: they share one. Each adds `kernel - 1`."
)
def kernels_added(layers: Layers) -> int:
    return sum(kernel for kernel, _, _ in layers)


@receptive_field.mistake(
    "You forgot the strides. Behind a pool of stride 2 neighbouring values lie 2 pixels apart, so a kernel of 3 reaches 4 "
    "pixels further, not 2."
)
def strides_forgotten(layers: Layers) -> int:
    return 1 + sum(dilation * (kernel - 1) for kernel, _, dilation in layers)


@receptive_field.mistake(
    "You let a layer's own stride count for its own kernel. A layer reads its input, where the values have the distance "
    "that the layers *before* it made: enlarge the field first, the distance afterwards."
)
def stride_too_early(layers: Layers) -> int:
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump *= stride
        field += dilation * (kernel - 1) * jump
    return field


@receptive_field.mistake(
    "You added the strides up; distances multiply. After two pools of stride 2 neighbouring values lie 4 pixels apart, after "
    "three 8, not 6."
)
def strides_added(layers: Layers) -> int:
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump
        jump += stride - 1
    return field


@receptive_field.mistake(
    "You ignored the dilation. A kernel of 3 with dilation 2 takes every second value and spans 5 of them: it adds "
    "`dilation * (kernel - 1)`."
)
def dilation_ignored(layers: Layers) -> int:
    return reference([(kernel, stride, 1) for kernel, stride, _ in layers])


@receptive_field.mistake(
    "You stretched the whole kernel, `dilation * kernel - 1`. Only its gaps grow: 3 values have 2 gaps, so it spans "
    "`dilation * (kernel - 1) + 1`."
)
def kernel_stretched(layers: Layers) -> int:
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += (dilation * kernel - 1) * jump
        jump *= stride
    return field


@receptive_field.mistake("You started at 0. Before any layer a value sees one pixel, itself, so the count begins at 1.")
def started_at_nothing(layers: Layers) -> int:
    return reference(layers) - 1


@receptive_field.mistake(
    "You used the formula that goes backwards, from the output to the image, but went forwards. With "
    "`field = (field - 1) * stride + ...` begin at the last layer: `reversed(layers)`."
)
def formula_of_the_other_direction(layers: Layers) -> int:
    field = 1
    for kernel, stride, dilation in layers:
        field = (field - 1) * stride + dilation * (kernel - 1) + 1
    return field


@receptive_field.mistake(
    "You returned the distance between neighbouring outputs (the product of the strides). That is how coarse the output is; "
    "asked is how far one of them sees."
)
def distance_returned(layers: Layers) -> int:
    jump = 1
    for _, stride, _ in layers:
        jump *= stride
    return jump


@receptive_field.mistake(
    "You forgot that a pool reads neighbours too: a pool of 2 is a kernel of 2 with stride 2. Count every layer, whatever "
    "its stride is."
)
def pools_see_nothing(layers: Layers) -> int:
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump if stride == 1 else 0
        jump *= stride
    return field


@receptive_field.mistake(
    "You counted the pixels that are read. With dilation there are gaps between them; asked is the span, from the first pixel to "
    "the last, gaps included."
)
def pixels_counted(layers: Layers) -> int:
    pixels = {0}
    for kernel, stride, dilation in reversed(layers):
        pixels = {i * stride + k * dilation for i in pixels for k in range(kernel)}
    return len(pixels)


@receptive_field.mistake(
    "You forgot the earlier strides: `jump = stride` keeps the last one only. Two layers of stride 2 lay the values 4 pixels "
    "apart: multiply, `jump *= stride`."
)
def last_stride_only(layers: Layers) -> int:
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump
        jump = stride
    return field


@receptive_field.mistake(
    "You multiplied the distance by the dilation too. A dilated kernel reads far-off values, but its outputs still lie at every "
    "place: only the stride moves them apart."
)
def dilation_moves_outputs(layers: Layers) -> int:
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump
        jump *= stride * dilation
    return field


@receptive_field.mistake(
    "You looked at the first layer only: a `return` inside the loop ends the function after one turn. Move it to the left."
)
def returned_in_the_loop(layers: Layers) -> int:
    return reference(layers[:1])
