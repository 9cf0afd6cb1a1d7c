"""Vectors, queries and their true neighbours for bench/vectors; queries a second at a share of them, by a curve."""

import json
import math
import re
import sys

import numpy as np


def directions(m):
    return m / np.linalg.norm(m, axis=1, keepdims=True)


def write(path, m):
    with open(path, "w") as out:
        for i, row in enumerate(m):
            out.write(f"{i + 1}\t{{{','.join(format(x, '.7g') for x in row)}}}\n")


def nearest(base, queries, keep=None):
    ids = np.arange(len(base)) if keep is None else np.flatnonzero(keep)
    near = np.zeros((len(queries), 10), dtype=np.int64)
    for i in range(0, len(queries), 50):
        likeness = queries[i : i + 50] @ base[ids].T
        near[i : i + 50] = ids[np.argpartition(-likeness, 10, axis=1)[:, :10]] + 1
    return near


def texts(path, words, vectors, random):
    """Twelve words at a time: the mean of what becomes of their vectors in 384 dimensions, rare words weighing more."""
    number = {w: i for i, w in enumerate(words)}
    lines = ([number[w] for w in re.findall("[a-z]+", line.lower()) if w in number] for line in open(path, errors="replace"))
    windows = np.array([line[i : i + 12] for line in lines for i in range(0, len(line) - 11, 4)])
    often = np.bincount(windows.ravel(), minlength=len(words)) / windows.size
    wide = np.tanh(directions(vectors) @ random.standard_normal((100, 384)).astype(np.float32))
    wide *= (1e-3 / (1e-3 + often))[:, None].astype(np.float32)
    made = np.concatenate([wide[windows[i : i + 5000]].mean(axis=1) for i in range(0, len(windows), 5000)])
    return made - made.mean(axis=0)


def make(work, seed, rows, queries, words, gaussian, mails):
    random = np.random.default_rng(int(seed))
    if words:
        data = json.load(open(words))
        known = [w for w in data["words"] if np.any(data["vectors"][w][:100])]
        vectors = np.array([data["vectors"][w][:100] for w in known], dtype=np.float32)
        if mails:
            vectors = texts(mails, known, vectors, random)
        vectors = np.unique(vectors, axis=0)
    else:
        count, dimensions = (int(x) for x in gaussian.split("x"))
        vectors = random.standard_normal((count, dimensions)).astype(np.float32)
    order = random.permutation(len(vectors))
    asked = vectors[order[: int(queries)]]
    base = vectors[order[int(queries) :][: int(rows)]]
    write(f"{work}/base.tsv", base)
    write(f"{work}/queries.tsv", asked)
    base, asked = directions(base), directions(asked)
    number = np.arange(len(base)) + 1
    kept = [None, number % 100 == 7, number <= 10000]
    with open(f"{work}/truth.tsv", "w") as out:
        for i, near in enumerate(zip(*(nearest(base, asked, keep) for keep in kept))):
            out.write("\t".join([str(i + 1)] + [f"{{{','.join(map(str, ids))}}}" for ids in near]) + "\n")


def at(path, share):
    """Queries a second where so many neighbours are found: between two points of the curve, by the logarithm."""
    points = sorted((float(found), float(rate)) for _, found, rate in (line.split() for line in open(path)))
    best = 0.0
    for (low, fast), (high, slow) in zip(points, points[1:]):
        if low <= share <= high:
            part = (share - low) / (high - low) if high > low else 0
            best = max(best, math.exp(math.log(fast) * (1 - part) + math.log(slow) * part))
    if best == 0:  # not reached: the slowest that there is
        best = points[-1][1] if share > points[-1][0] else points[0][1]
    print(f"{best:.1f}")


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(*sys.argv[2:])
    else:
        at(sys.argv[2], float(sys.argv[3]))
