# ruff: noqa: INP001 - a script beside the packages, run by hand, shipped with none of them
"""Makes the demo's data: `python engine/demo_training/train.py [pack]`.

Without an argument it trains the model and writes `model/weights.json`; with `pack` it first packs
the images anew from scikit-learn's copy. Anybody who runs it gets the same weights to the last byte:
random numbers come from `random.Random`, and whatever enters a matrix product is rounded to so few
bits that every sum is exact in 64-bit floats, in whichever order a BLAS adds it up.
"""

from __future__ import annotations

import json
import random
import sys
import zlib
from typing import Any

import numpy as np

from bscore import demo_data

Array = np.ndarray[Any, np.dtype[np.float64]]

SEED = 1998
HIDDEN = 32
DIGITS = 10
EPOCHS = 60
BATCH = 32
STEP = 0.004
WEIGHT_DECAY = 1e-3
DECIMALS = 4


def pack() -> bytes:
    """The images and labels of scikit-learn's `load_digits` in the form of `digits.bin`."""
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]  # it ships no types

    digits = load_digits()
    plain = digits.data.astype(np.uint8).tobytes() + digits.target.astype(np.uint8).tobytes()
    return zlib.compress(plain, 9)


def train() -> str:
    """Train on the images that are not held out; returns the text of `weights.json`."""
    images, labels = _data()
    held_out = np.array([demo_data.is_held_out(index) for index in range(len(images))])
    layers = _fit(images[~held_out], labels[~held_out])
    rounded = [_decimals(values) for values in layers]
    right = _scores(images, [np.array(values) for values in rounded]).argmax(axis=1) == labels
    hidden_weights, hidden_bias, weights, bias = rounded
    model = {
        "name": f"digits, {demo_data.SIDE**2}-{HIDDEN}-{DIGITS} perceptron",
        "trained_on": int((~held_out).sum()),
        "accuracy_trained_on": round(float(right[~held_out].mean()), 4),
        "held_out": int(held_out.sum()),
        "accuracy_held_out": round(float(right[held_out].mean()), 4),
        "layers": [{"weights": hidden_weights, "bias": hidden_bias}, {"weights": weights, "bias": bias}],
    }
    return json.dumps(model, separators=(",", ":")) + "\n"


def _data() -> tuple[Array, Array]:
    images = np.frombuffer(b"".join(demo_data.pixels()), dtype=np.uint8).reshape(demo_data.IMAGES, -1)
    return images / demo_data.LEVELS, np.array(list(demo_data.labels().values()))


def _fit(images: Array, labels: Array) -> list[Array]:
    rng = random.Random(SEED)
    wanted = np.eye(DIGITS)[labels]
    layers = [
        _start(rng, images.shape[1], HIDDEN),
        np.zeros(HIDDEN),
        _start(rng, HIDDEN, DIGITS),
        np.zeros(DIGITS),
    ]
    adam = _Adam(layers)
    for epoch in range(EPOCHS):
        order = sorted(range(len(images)), key=[rng.random() for _ in images].__getitem__)
        for at in range(0, len(order), BATCH):
            batch = order[at : at + BATCH]
            gradients = _gradients(images[batch], wanted[batch], layers)
            adam.update(layers, gradients, STEP * (1 - epoch / EPOCHS))
    return layers


def _start(rng: random.Random, rows: int, columns: int) -> Array:
    widest = float(np.sqrt(6 / rows))
    return np.array([[(2 * rng.random() - 1) * widest for _ in range(columns)] for _ in range(rows)])


def _gradients(images: Array, wanted: Array, layers: list[Array]) -> list[Array]:
    hidden_weights, hidden_bias, weights, bias = (_bits(values, 16) for values in layers)
    # in bits: pixels 5, weights 26, hidden 22, errors 20, hidden errors 30, and 64 or 32 summands:
    # no sum needs more than the 53 of a float
    hidden = _bits(np.maximum(images @ hidden_weights + hidden_bias, 0), 12)
    error = _bits(_softmax(hidden @ weights + bias) - wanted, 20)
    hidden_error = _bits((error @ weights.T) * (hidden > 0), 20)
    sums = [images.T @ hidden_error, hidden_error.sum(axis=0), hidden.T @ error, error.sum(axis=0)]
    return [total / len(images) for total in sums]


def _bits(values: Array, after_point: int) -> Array:
    scale = 2.0**after_point
    if np.abs(values).max() >= 2**10:
        raise ValueError("a value has grown so large that sums would no longer be exact")
    rounded: Array = np.rint(values * scale) / scale
    return rounded


def _softmax(scores: Array) -> Array:
    # exp differs between math libraries in the last bit; (1 + x/1024)^1024 by squaring does not
    powers = 1 + np.maximum(scores - scores.max(axis=1, keepdims=True), -64) / 1024
    for _ in range(10):
        powers = powers * powers
    powers = _bits(powers, 30)
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _scores(images: Array, layers: list[Array]) -> Array:
    hidden_weights, hidden_bias, weights, bias = layers
    return np.maximum(images @ hidden_weights + hidden_bias, 0) @ weights + bias


def _decimals(values: Array) -> Any:
    if values.ndim > 1:
        return [_decimals(row) for row in values]
    return [round(float(value), DECIMALS) + 0.0 for value in values]  # + 0.0: no "-0.0"


class _Adam:
    """Adam with decoupled weight decay: additions, products, quotients and roots, all exactly rounded."""

    def __init__(self, layers: list[Array]) -> None:
        self.means = [np.zeros_like(values) for values in layers]
        self.squares = [np.zeros_like(values) for values in layers]
        self.mean_left, self.square_left = 1.0, 1.0

    def update(self, layers: list[Array], gradients: list[Array], step: float) -> None:
        self.mean_left, self.square_left = self.mean_left * 0.9, self.square_left * 0.999
        for at, gradient in enumerate(gradients):
            self.means[at] = 0.9 * self.means[at] + 0.1 * gradient
            self.squares[at] = 0.999 * self.squares[at] + 0.001 * (gradient * gradient)
            root = np.sqrt(self.squares[at] / (1 - self.square_left)) + 1e-8
            change = self.means[at] / (1 - self.mean_left) / root + WEIGHT_DECAY * layers[at]
            layers[at] = layers[at] - step * change


def main() -> None:
    """Write what the command line asks for into the package."""
    if sys.argv[1:] == ["pack"]:
        demo_data.DIGITS_FILE.write_bytes(pack())
    elif sys.argv[1:]:
        raise SystemExit(f"{sys.argv[1:]} is not understood; expected nothing or: pack")
    text = train()
    demo_data.MODEL_FOLDER.mkdir(exist_ok=True)
    (demo_data.MODEL_FOLDER / "weights.json").write_text(text)
    print(text[: text.index('"layers"')].rstrip(",") + f" ({len(text):,} bytes)")


if __name__ == "__main__":
    main()
