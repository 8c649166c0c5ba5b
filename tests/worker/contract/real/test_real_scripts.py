"""Scripts of the kinds in `entry-scripts.md` with real libraries, in environments built from conda files."""

from __future__ import annotations

import json
import subprocess
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from real_environments import conda_file, python_of, run_job, write

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

MODERN = (
    "3.10",
    "pandas==1.5.3",
    "numpy<2",
    "scikit-learn==1.2.2",
    "xgboost==1.7.6",
    "pyarrow<15",
    "pillow<11",
)
OLD = ("3.7", "pandas==1.1.5", "scikit-learn==0.23.2", "numpy<1.20")
TORCH = ("3.12", "torch==2.13.0", "numpy", "pillow")
AZURE = ("3.10", "azureml-core==1.61.0.post4", "setuptools<81")
MLFLOW = ("3.11", "mlflow==2.16.2", "scikit-learn==1.5.2", "pandas==2.2.3", "setuptools<81")
OLDEST_PANDAS = ("3.8", "pandas==1.0.5", "numpy<1.20")
NEWEST_PANDAS = ("3.13", "pandas==3.0.*")
KERAS = ("3.11", "tensorflow-cpu==2.15.1", "numpy<2")


@dataclass(frozen=True)
class Real:
    """A script, how its model and data are made, and the rows it must give (sorted)."""

    name: str
    environment: tuple[str, ...]
    prepare: str
    script: str
    rows: Sequence[str] | None
    yaml: str = ""
    model: str = ""
    arguments: Sequence[str] = ()
    files: dict[str, str] = field(default_factory=dict)
    stdout: str = ""


CSVS = """
    import csv, os
    os.makedirs("data", exist_ok=True)
    for n in range(4):
        with open(f"data/part{n}.csv", "w", newline="") as f:
            csv.writer(f).writerows([["a", "b"], [n, 2 * n], [n + 0.5, 1]])
"""
IMAGES = """
    import os
    from PIL import Image
    os.makedirs("data", exist_ok=True)
    for n in range(6):
        Image.new("RGB", (8, 8), (40 * n, 0, 255 - 40 * n)).save(f"data/img{n}.png")
"""


def _to_csv(name: str, environment: tuple[str, ...], line_end: str) -> Real:
    """One script and its rows for every pandas, whichever word its settings use for the end of a line."""
    words = {"sep": ";", "na_rep": "NA", line_end: "|\n"}
    settings = json.dumps({"append_row": {"pandas.DataFrame.to_csv": words}})
    return Real(
        name,
        environment,
        CSVS,
        """
    import os
    import pandas as pd
    def run(mini_batch):
        frame = pd.concat(pd.read_csv(p).assign(file=os.path.basename(p)) for p in mini_batch)
        return frame.groupby("file").sum().reset_index().assign(empty=float("nan"), text='a "b"')
    """,
        sorted(f'part{n}.csv;{2 * n + 0.5};{2 * n + 1};NA;"a ""b"""|' for n in range(4)),
        files={"parallel_run_step.settings.json": settings},
    )


REAL = [
    Real(
        "scikit-learn from joblib, a DataFrame back",
        MODERN,
        CSVS
        + """
    import joblib
    from sklearn.linear_model import LinearRegression
    os.makedirs("model")
    plane = LinearRegression().fit([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 2, 3])
    joblib.dump(plane, "model/sklearn_model.joblib")
""",
        """
    import glob, os
    import joblib
    import pandas as pd
    def init():
        global model
        folder = glob.glob(os.environ["AZUREML_MODEL_DIR"] + "/*/")[0]
        model = joblib.load(os.path.join(folder, "sklearn_model.joblib"))
    def run(mini_batch):
        results = []
        for path in mini_batch:
            data = pd.read_csv(path)
            data["prediction"] = model.predict(data.values).round(6)
            data["file"] = os.path.basename(path)
            results.append(data[["file", "a", "prediction"]])
        return pd.concat(results)
    """,
        sorted(
            line
            for n in range(4)
            for line in (f"part{n}.csv,{float(n)},{float(5 * n)}", f"part{n}.csv,{n + 0.5},{n + 2.5}")
        ),
        model="model",
        files={
            "parallel_run_step.settings.json": '{"append_row": {"pandas.DataFrame.to_csv": {"sep": ","}}}'
        },
    ),
    Real(
        "a pickle of scikit-learn 0.23 on Python 3.7, by its registered name",
        OLD,
        CSVS
        + """
    import pickle
    from sklearn.ensemble import RandomForestClassifier
    forest = RandomForestClassifier(n_estimators=5).fit([[0, 0], [99, 99]] * 9, ["low", "high"] * 9)
    with open("forest.pkl", "wb") as f:
        pickle.dump(forest, f)
""",
        """
    import argparse, os, pickle, sys
    import numpy as np, pandas as pd, sklearn
    from azureml.core.model import Model
    def init():
        global model
        parser = argparse.ArgumentParser(description="Iris model serving")
        parser.add_argument("--model_name", dest="model_name", required=True)
        args, unknown_args = parser.parse_known_args()
        with open(Model.get_model_path(args.model_name), "rb") as f:
            model = pickle.load(f)
        print(sys.version_info[:2], pd.__version__, sklearn.__version__)
    def run(input_data):
        frames = [pd.read_csv(p).assign(file=os.path.basename(p)) for p in input_data]
        frame = pd.concat(frames, ignore_index=True)
        return frame.assign(label=model.predict(frame[["a", "b"]].values))[["file", "label"]]
    """,
        sorted(f"part{n}.csv low" for n in range(4) for _ in range(2)),
        model="forest-clf=forest.pkl",
        arguments=["--model_name", "forest-clf"],
        stdout="(3, 7) 1.1.5 0.23.2",
    ),
    Real(
        "xgboost's own file format, tuples back",
        MODERN,
        CSVS
        + """
    import numpy as np, xgboost
    data = xgboost.DMatrix(np.array([[0.0, 0], [9, 9]] * 20), label=[0, 1] * 20)
    xgboost.train({"objective": "binary:logistic", "base_score": 0.5}, data, 10).save_model("model.json")
""",
        """
    import os
    import numpy as np, pandas as pd, xgboost
    booster = None
    def init():
        global booster
        root = os.getenv("AZUREML_MODEL_DIR")
        booster = xgboost.Booster()
        booster.load_model(os.path.join(root, os.listdir(root)[0]))
    def run(mini_batch):
        out = []
        for p in mini_batch:
            scores = booster.predict(xgboost.DMatrix(pd.read_csv(p).values))
            out.append((os.path.basename(p), bool(scores[0] > 0.5), scores.dtype.name))
        return out
    """,
        [f"('part{n}.csv', False, 'float32')" for n in range(4)],
        model="model.json",
    ),
    Real(
        "parquet in, column names on top",
        MODERN,
        """
    import os
    import pandas as pd
    os.makedirs("data")
    for n in range(3):
        frame = pd.DataFrame({"id": [n], "when": pd.Timestamp("2020-01-01"), "text": ["a b"]})
        frame.to_parquet(f"data/{n}.parquet")
""",
        """
    import pandas as pd
    def run(mini_batch):
        return pd.concat(pd.read_parquet(p) for p in mini_batch)
    """,
        sorted(["id when text", *(f'{n} 2020-01-01 "a b"' for n in range(3))]),
        arguments=["--append_row_dataframe_header", "True"],
    ),
    Real(
        "images, dicts back, with processes of joblib inside run",
        MODERN,
        IMAGES,
        """
    import os
    from joblib import Parallel, delayed
    from PIL import Image
    def mean(path):
        with Image.open(path) as image:
            return {"file": os.path.basename(path), "red": image.resize((1, 1)).getpixel((0, 0))[0]}
    def run(mini_batch):
        return Parallel(n_jobs=2)(delayed(mean)(p) for p in mini_batch)
    """,
        [str({"file": f"img{n}.png", "red": 40 * n}) for n in range(6)],
    ),
    Real(
        "torch, a state dict, a DataLoader with processes of its own",
        TORCH,
        IMAGES
        + """
    import torch
    os.makedirs("model")
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 0, 1.0]])); layer.bias.zero_()
    torch.save(layer.state_dict(), "model/net.pt")
""",
        """
    import glob, logging, os
    import numpy as np, torch
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset
    class Images(Dataset):
        def __init__(self, paths):
            self.paths = list(paths)
        def __len__(self):
            return len(self.paths)
        def __getitem__(self, i):
            image = torch.tensor(np.asarray(Image.open(self.paths[i])))
            return os.path.basename(self.paths[i]), image.float().mean((0, 1))
    def init():
        global net, device
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        net = torch.nn.Linear(3, 2).to(device)
        file = glob.glob(os.environ["AZUREML_MODEL_DIR"] + "/*/*.pt")[-1]
        net.load_state_dict(torch.load(file, map_location=device))
        net.eval()
        logging.info("device %s", device)
    @torch.no_grad()
    def run(mini_batch):
        names, labels = [], []
        for name, x in DataLoader(Images(mini_batch), batch_size=2, num_workers=1):
            names += name
            labels += net(x.to(device)).argmax(1).tolist()
        return [[n, ["red", "blue"][l]] for n, l in zip(names, labels)]
    """,
        [str([f"img{n}.png", "red" if 40 * n > 255 - 40 * n else "blue"]) for n in range(6)],
        model="model",
        stdout="INFO:root:device ",
    ),
    Real(
        "torch with spawned processes in init",
        TORCH,
        IMAGES,
        """
    import os
    import torch, torch.multiprocessing as mp
    from azureml_user.parallel_run import EntryScript
    def double(q_in, q_out):
        for value in iter(q_in.get, None):
            q_out.put(float((torch.ones(2) * value).sum()))
    def init():
        global process, q_in, q_out
        context = mp.get_context("spawn")
        q_in, q_out = context.Queue(), context.Queue()
        process = context.Process(target=double, args=(q_in, q_out))
        process.start()
        EntryScript().logger.info("started")
    def run(mini_batch):
        for i, _ in enumerate(mini_batch):
            q_in.put(i)
        return [q_out.get() for _ in mini_batch]
    def shutdown():
        q_in.put(None)
        process.join()
        print("joined", process.exitcode)
    """,
        ["0.0", "0.0", "2.0", "2.0", "4.0", "4.0"],
        stdout="joined 0",
    ),
    Real(
        "the real azureml-core: model by name and version, an offline run",
        AZURE,
        CSVS
        + """
    import json
    json.dump({"bias": 7}, open("weights.json", "w"))
""",
        """
    import json, os
    from azureml.core import Run
    from azureml.core.model import Model
    from azureml_user.parallel_run import EntryScript
    def init():
        global bias, log
        log = EntryScript().logger
        run_ = Run.get_context()
        run_.log("start", 1)
        log.info(type(run_).__name__)
        paths = {Model.get_model_path("scorer"), Model.get_model_path("scorer", version=4)}
        bias = json.load(open(paths.pop()))["bias"]
    def run(mini_batch):
        return [f"{os.path.basename(p)}: {bias}" for p in mini_batch]
    """,
        [f"part{n}.csv: 7" for n in range(4)],
        yaml="model: azureml:scorer:4\n",
        model="weights.json",
        stdout="Attempted to log scalar metric start:\n1",
    ),
    Real(
        "mlflow's load_model",
        MLFLOW,
        CSVS
        + """
    import mlflow.sklearn
    from sklearn.linear_model import LinearRegression
    import pandas as pd
    x = pd.DataFrame({"a": [0.0, 1, 0, 1], "b": [0.0, 0, 1, 1]})
    mlflow.sklearn.save_model(LinearRegression().fit(x, [0, 1, 2, 3]), "model")
""",
        """
    import os
    import mlflow, pandas as pd
    def init():
        global model
        model = mlflow.pyfunc.load_model(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model"))
    def run(mini_batch):
        rows = pd.concat(pd.read_csv(p).astype(float).assign(file=os.path.basename(p)) for p in mini_batch)
        rows["p"] = model.predict(rows[["a", "b"]]).round(3)
        return rows[["p", "file"]]
    """,
        sorted(line for n in range(4) for line in (f"{float(5 * n)} part{n}.csv", f"{n + 2.5} part{n}.csv")),
        model="model",
    ),
    _to_csv("pandas 1.0 on Python 3.8, to_csv in newer words", OLDEST_PANDAS, "lineterminator"),
    _to_csv("pandas 3 on Python 3.13, to_csv in older words", NEWEST_PANDAS, "line_terminator"),
    Real(
        "keras, loaded in init, with its heavy standard error",
        KERAS,
        CSVS
        + """
    import numpy as np, tensorflow as tf
    layer = tf.keras.layers.Dense(1, input_shape=(2,))
    model = tf.keras.Sequential([layer])
    layer.set_weights([np.array([[1.0], [2.0]]), np.array([0.5])])
    model.save("model/net.h5") if not os.makedirs("model") else None
""",
        """
    import os
    import numpy as np
    import tensorflow as tf
    def init():
        global model
        model = tf.keras.models.load_model(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "net.h5"))
    def run(mini_batch):
        results = []
        for p in mini_batch:
            x = np.loadtxt(p, delimiter=",", skiprows=1)
            results.append([os.path.basename(p), round(float(model.predict(x, verbose=0)[0, 0]), 3)])
        return results
    """,
        [str([f"part{n}.csv", 5 * n + 0.5]) for n in range(4)],
        model="model",
    ),
]


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.name)
def test_a_real_script_runs_as_it_stands(tmp_path: Path, real: Real) -> None:
    conda = conda_file(tmp_path, real.environment[0], *real.environment[1:])
    python = python_of(conda)
    subprocess.run([str(python), "-c", textwrap.dedent(real.prepare)], cwd=tmp_path, check=True)
    write(tmp_path, "code/score.py", real.script)
    for name, text in real.files.items():
        write(tmp_path, f"code/{name}", text)
    (tmp_path / "deployment.yml").write_text(
        "endpoint_name: e\nname: d\ncode_configuration: {code: code, scoring_script: score.py}\n"
        f"environment: {{conda_file: conda.yaml}}\n{real.yaml}"
        "settings: {mini_batch_size: 3, max_concurrency_per_instance: 2, retry_settings: {timeout: 120}}\n"
    )
    options = ["--model", real.model] if real.model else []
    ran = run_job(tmp_path, "deployment.yml", "--input", "data", *options, "--", *real.arguments)
    assert ran.code == 0, ran.stderr + ran.text("logs/user/error/*/*")
    if real.rows is not None:
        assert sorted(ran.output.splitlines()) == sorted(real.rows)
    assert real.stdout in ran.text("logs/user/stdout/*/*.stdout.txt")
