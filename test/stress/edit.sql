-- A principle is edited, sometimes back to what it was.
\set i random(1, 600)
\set k random(1, 4)
UPDATE steward.constitutional_principles SET statement = repeat('It may be tokens. ', :k) WHERE principle_id = :i;
