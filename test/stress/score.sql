-- People score, one or several at once, beside the workers.
\set i random(1, 598)
SELECT count(*) FROM steward.principle_rescore(ARRAY[:i + 2, :i, :i + 1]);
\sleep 5 ms
