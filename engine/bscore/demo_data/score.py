"""Scores handwritten digits: the same file runs in an Azure Machine Learning batch endpoint.

Options of this script, given as program_arguments:
  --seconds-per-batch X   let every mini-batch take at least X seconds, to have something to watch
"""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np
import pandas as pd
import png_reader

layers: list[tuple[np.ndarray, np.ndarray]]
options: argparse.Namespace


def init() -> None:
    """Load the model, once per worker process."""
    global layers, options
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--seconds-per-batch", type=float, default=0.0)
    options, _ = parser.parse_known_args()

    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "weights.json")) as file:
        model = json.load(file)
    layers = [(np.array(layer["weights"]), np.array(layer["bias"])) for layer in model["layers"]]
    print(f"Model loaded: {model['name']}")


def run(mini_batch: list[str]) -> pd.DataFrame:
    """Read each image, say which digit it shows and how sure the model is."""
    started = time.monotonic()
    images = np.array([read_image(path) for path in mini_batch]).reshape(-1, 64)
    probabilities = predict(images)
    result = pd.DataFrame(
        {
            "file": [os.path.basename(path) for path in mini_batch],
            "prediction": probabilities.argmax(axis=1),
            "confidence": probabilities.max(axis=1).round(4),
        }
    )
    time.sleep(max(0.0, options.seconds_per_batch - (time.monotonic() - started)))
    print(f"Scored {len(result)} images, least sure of {result['confidence'].min():.2f}")
    return result


def read_image(path: str) -> np.ndarray:
    """The 64 pixels of an image, 0.0 to 1.0."""
    width, height, pixels = png_reader.read_grey(path)
    if (width, height) != (8, 8):
        raise ValueError(f"{path} is {width}x{height} pixels; the model reads 8x8")
    return np.frombuffer(pixels, dtype=np.uint8) / 255


def predict(images: np.ndarray) -> np.ndarray:
    """The probability of each of the ten digits, a row per image."""
    (hidden_weights, hidden_bias), (weights, bias) = layers
    hidden = np.maximum(images @ hidden_weights + hidden_bias, 0)
    scores = hidden @ weights + bias
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return probabilities
