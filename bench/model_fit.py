"""The rows of bench/model-fit, and scikit-learn trained on them.

model_fit.py rows FOLDER SEED ROWS FEATURES      writes rows.f32 and labels.u8: labels drawn by a logistic model
model_fit.py peers FOLDER TRAIN REST KEPT FEATURES SOLVER ...
                                                 trains each on the first TRAIN rows; the last KEPT judge it
model_fit.py judge FOLDER KEPT FILE ...          judges probabilities of the last KEPT rows
"""
import pathlib
import sys
import time

import numpy


def write_rows(folder, seed, rows, features):
    draw = numpy.random.default_rng(seed)
    weights = draw.normal(size=features) * 1.6 / features**0.5
    bias = -0.5
    labels = numpy.empty(rows, dtype=numpy.uint8)
    with open(folder / "rows.f32", "wb") as out:
        for start in range(0, rows, 10000):
            numbers = draw.normal(size=(min(10000, rows - start), features)).astype(numpy.float32)
            chance = 1 / (1 + numpy.exp(-(numbers @ weights + bias)))
            labels[start : start + len(numbers)] = draw.uniform(size=len(numbers)) < chance
            numbers.tofile(out)
    labels.tofile(folder / "labels.u8")


def judge(name, truth, said, more):
    from sklearn.metrics import log_loss, roc_auc_score

    print(f"{name} auc={roc_auc_score(truth, said):.6f} log_loss={log_loss(truth, said):.6f} {more}", flush=True)


def train_peers(folder, train, rest, kept, features, solvers):
    import warnings

    from sklearn.linear_model import LogisticRegression

    numbers = numpy.fromfile(folder / "rows.f32", dtype=numpy.float32).reshape(-1, features)
    labels = numpy.fromfile(folder / "labels.u8", dtype=numpy.uint8)
    here = numbers[:train].astype(numpy.float64)
    asked = numbers[train + rest : train + rest + kept].astype(numpy.float64)
    del numbers
    for solver in solvers:
        peer = LogisticRegression(solver=solver)
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            begun = time.perf_counter()
            peer.fit(here, labels[:train])
            seconds = time.perf_counter() - begun
        more = f"seconds={seconds:.3f} iterations={peer.n_iter_[0]} rows={train}" + (" not-converged" if heard else "")
        judge(solver, labels[train + rest : train + rest + kept], peer.predict_proba(asked)[:, 1], more)


def describe():
    import scipy
    import sklearn

    blas = numpy.__config__.get_info("blas_opt") or numpy.__config__.get_info("blas")
    print(f"# scikit-learn {sklearn.__version__}, numpy {numpy.__version__}, scipy {scipy.__version__}, BLAS {','.join(blas.get('libraries', ['?']))}, "
          "one thread; LogisticRegression with C = 1 and what else is its default")


folder = pathlib.Path(sys.argv[2])
if sys.argv[1] == "rows":
    write_rows(folder, *map(int, sys.argv[3:6]))
elif sys.argv[1] == "peers":
    describe()
    train_peers(folder, *map(int, sys.argv[3:7]), sys.argv[7:])
else:
    truth = numpy.fromfile(folder / "labels.u8", dtype=numpy.uint8)[-int(sys.argv[3]) :]
    for name in sys.argv[4:]:
        judge(name, truth, numpy.loadtxt(folder / f"{name}.said"), "")
