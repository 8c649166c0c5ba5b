"""Names of conda packages that differ on PyPI, and those that mean nothing to pip."""

from __future__ import annotations

#: conda name to PyPI name; names that are equal stand nowhere.
ON_PYPI = {
    "antlr-python-runtime": "antlr4-python3-runtime",
    "brotli-python": "brotli",
    "brotlipy": "brotli",
    "dask-core": "dask",
    "dateutil": "python-dateutil",
    "faiss": "faiss-cpu",
    "fbprophet": "prophet",
    "geopandas-base": "geopandas",
    "jax-cpu": "jax",
    "keras-gpu": "keras",
    "keras-base": "keras",
    "lightgbm-gpu": "lightgbm",
    "matplotlib-base": "matplotlib",
    "mlflow-base": "mlflow",
    "msgpack-python": "msgpack",
    "mysql-python": "mysqlclient",
    "numpy-base": "numpy",
    "onnxruntime-cpu": "onnxruntime",
    "opencv": "opencv-python-headless",
    "opencv-python-base": "opencv-python-headless",
    "psycopg2": "psycopg2-binary",
    "py-lightgbm": "lightgbm",
    "py-opencv": "opencv-python-headless",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "py-xgboost-gpu": "xgboost",
    "pyarrow-core": "pyarrow",
    "pyg": "torch-geometric",
    "pyqt": "PyQt5",
    "pysoundfile": "soundfile",
    "pytables": "tables",
    "python-annoy": "annoy",
    "python-blosc": "blosc",
    "python-duckdb": "duckdb",
    "python-flatbuffers": "flatbuffers",
    "python-graphviz": "graphviz",
    "python-kaleido": "kaleido",
    "python-lmdb": "lmdb",
    "python-soxr": "soxr",
    "python-tzdata": "tzdata",
    "python-xxhash": "xxhash",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "ruamel_yaml": "ruamel.yaml",
    "seaborn-base": "seaborn",
    "sklearn": "scikit-learn",
    "tensorflow-base": "tensorflow",
    "tensorflow-eigen": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-mkl": "tensorflow",
    "torchvision-cpu": "torchvision",
    "websocket_client": "websocket-client",
    "xgboost-gpu": "xgboost",
}

#: Their versions on PyPI have one more part: conda's opencv 4.5.3 is 4.5.3.56 there.
LONGER_VERSIONS = frozenset({"opencv-python-headless"})

#: Programs that pip cannot bring; a script that calls one needs it on the system.
PROGRAMS = frozenset({
    "conda", "curl", "ffmpeg", "gcc", "git", "git-lfs", "graphviz", "imagemagick", "java-jdk", "jq", "make",
    "mamba", "nodejs", "openjdk", "pandoc", "perl", "pkg-config", "poppler", "r-base", "rust", "tesseract",
    "unzip", "vim", "wget", "zip",
})  # fmt: skip

#: Libraries below the Python packages: wheels bring their own, or the system does.
_LIBRARIES = frozenset({
    "_libgcc_mutex", "_openmp_mutex", "_py-xgboost-mutex", "_pytorch_select", "_tflow_select",
    "_x86_64-microarch-level", "abseil-cpp", "arrow-cpp", "binutils", "blas", "blosc", "boost-cpp", "bzip2",
    "c-ares", "c-blosc2", "ca-certificates", "cairo", "compilers", "cpuonly", "cuda", "cudatoolkit",
    "cudatoolkit-dev", "cudnn", "cutensor", "eigen", "expat", "fftw", "fontconfig", "freetype", "geos",
    "gflags", "giflib", "glib", "glog", "gmp", "gnutls", "grpc-cpp", "hdf5", "icu", "intel-openmp", "jpeg",
    "keyutils", "krb5", "lame", "lcms2", "ld_impl_linux-64", "leptonica", "lerc", "libarchive", "libfaiss",
    "liblapack", "liblapacke", "libsndfile", "libxgboost", "llvm-openmp", "lz4-c", "magma", "mkl",
    "mkl-devel", "mkl-include", "mpc", "mpfr", "mpich", "nccl", "ncurses", "nettle", "nomkl", "openblas",
    "openblas-devel", "openh264", "openjpeg", "openmp", "openmpi", "openssl", "orc", "pcre", "pixman",
    "proj", "pthread-stubs", "python_abi", "pytorch-cuda", "pytorch-mutex", "qt", "qt-main", "re2",
    "readline", "snappy", "sqlite", "sysroot_linux-64", "tbb", "tk", "unixodbc", "xz", "yaml", "zeromq",
    "zlib", "zstd",
})  # fmt: skip
_LIBRARY_BEGINNINGS = (
    "cuda-", "gcc_", "gxx", "kernel-headers", "libblas", "libcblas", "libcu", "libcublas", "libffi",
    "libgcc", "libgfortran", "libgomp", "libiconv", "libjpeg", "libnpp", "libnv", "libopenblas",
    "libopencv", "libpng", "libprotobuf", "libstdcxx", "libtiff", "libtorch", "libuuid", "libuv", "libwebp",
    "libxcb", "libxml2", "libyaml", "libzlib", "xorg-",
)  # fmt: skip


def is_library(name: str) -> bool:
    """Whether a conda package is a compiled library or a marker, nothing that pip would install."""
    return name in _LIBRARIES or name.startswith(_LIBRARY_BEGINNINGS)


def pypi_name(name: str, version: str) -> str:
    """The PyPI name of a conda package; `version` decides where names changed with it."""
    if name == "tensorflow-gpu" and version.lstrip("=>").startswith("1."):
        return name
    if name == "fbprophet" and version.lstrip("=>").startswith("0."):
        return name
    return ON_PYPI.get(name, name)
