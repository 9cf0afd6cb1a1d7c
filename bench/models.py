"""What bench/models compares with: the rows, and scikit-learn trained on them.

models.py rows FOLDER FILE       writes label, whether it is kept aside, and text of each mail
models.py compare FOLDER ROUNDS  reads mail.tsv and what our models said; trains and judges the peer
"""
import hashlib
import pathlib
import re
import statistics
import sys
import time


def read_mail(folder):
    """Label and text of each mail: its subject and body, each text once."""
    mails = {}
    for part, is_spam in (("easy-ham-1", 0), ("easy-ham-2", 0), ("hard-ham-1", 0), ("spam-1", 1), ("spam-2", 1)):
        for file in sorted(pathlib.Path(folder, part).glob("*.txt")):
            head, _, body = file.read_bytes().decode("latin-1").partition("\n\n")
            subject = re.search(r"^Subject:(.*)$", head, re.MULTILINE | re.IGNORECASE)
            text = ((subject.group(1) if subject else "") + " " + body)[:3000]
            text = re.sub(r"[\x00-\x20]+", " ", text).strip()
            if text:
                mails.setdefault(text, is_spam)
    return mails


def write_rows(folder, file):
    with open(file, "w", encoding="utf-8") as out:
        for text, is_spam in read_mail(folder).items():
            is_kept = int(hashlib.md5(text.encode()).hexdigest(), 16) % 5 == 0
            out.write(f"{is_spam}\t{int(is_kept)}\t{text}\n")


def judge(name, truth, said, seconds):
    from sklearn.metrics import log_loss, roc_auc_score

    ranked = sorted(zip(said, truth))
    groups = [ranked[len(ranked) * i // 10 : len(ranked) * (i + 1) // 10] for i in range(10)]
    error = sum(abs(sum(p - t for p, t in group)) for group in groups) / len(ranked)
    print(f"{name} auc={roc_auc_score(truth, said):.5f} log_loss={log_loss(truth, said):.5f} ece={error:.5f} seconds={seconds:.3f}")


def train_peers(train, kept, rounds):
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts, labels = zip(*train)
    for name, vectorizer in (
        ("liblinear", lambda: TfidfVectorizer(max_features=1000)),
        ("hashed", lambda: HashingVectorizer(n_features=2**18, ngram_range=(1, 2))),
    ):
        times = []
        for _ in range(rounds):
            pipeline = make_pipeline(vectorizer(), LogisticRegression(solver="liblinear", C=10))
            begun = time.perf_counter()
            pipeline.fit(texts, labels)
            times.append(time.perf_counter() - begun)
        said = pipeline.predict_proba([text for text, _ in kept])[:, 1]
        judge(name, [label for _, label in kept], said, statistics.median(times))
        if name == "liblinear":
            measure_latency(pipeline, [text[:300] for text in texts if len(text) >= 300])


def measure_latency(pipeline, texts):
    times = []
    for i in range(2000):
        begun = time.perf_counter()
        pipeline.predict_proba([texts[i % len(texts)]])
        times.append(1e6 * (time.perf_counter() - begun))
    print(f"latency p50={statistics.median(times):.1f}")


def compare(folder, rounds):
    train, kept = [], []
    with open(folder / "mail.tsv", encoding="utf-8") as rows:
        for row in rows:
            label, is_kept, text = row.rstrip("\n").split("\t")
            (kept if is_kept == "1" else train).append((text, int(label)))
    import sklearn

    print(f"# scikit-learn {sklearn.__version__}: tf-idf of 1,000 words (liblinear) and 262,144 hashed words and pairs (hashed), C = 10")
    train_peers(train, kept, rounds)
    for name in ("usual", "all"):
        pairs = [line.split() for line in (folder / f"{name}.said").read_text().splitlines() if line]
        judge(name, [int(truth) for truth, _ in pairs], [float(p) for _, p in pairs], float((folder / f"{name}.time").read_text()))


if sys.argv[1] == "rows":
    write_rows(sys.argv[2], sys.argv[3])
else:
    compare(pathlib.Path(sys.argv[2]), int(sys.argv[3]))
