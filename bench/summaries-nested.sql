-- The query of bench/summaries.sql again, with its attempts counted in a summary of their own.
SELECT steward.summary_create('added', 'SELECT principle_id, count(*) AS attempts, avg(succeeded::integer) AS success_rate
    FROM attempts GROUP BY principle_id', '{principle_id}', mode => 'delta');
SELECT steward.summary_create('nested', $query$
    SELECT p.principle_id, p.name, p.category, d.distance, d.measured_at, e.error, e.predicted_at,
           coalesce(a.attempts, 0) AS attempts, a.success_rate
    FROM principles AS p
         LEFT JOIN (SELECT DISTINCT ON (principle_id) principle_id, distance, measured_at FROM distances
                    WHERE measured_at > now() - interval '24 hours'
                    ORDER BY principle_id, measured_at DESC, id DESC) AS d USING (principle_id)
         LEFT JOIN (SELECT DISTINCT ON (principle_id) principle_id, error, predicted_at FROM predictions
                    WHERE predicted_at > now() - interval '24 hours'
                    ORDER BY principle_id, predicted_at DESC, id DESC) AS e USING (principle_id)
         LEFT JOIN added AS a USING (principle_id)
$query$, '{principle_id}', expires => 'least(measured_at, predicted_at) + interval ''24 hours''');
VACUUM (ANALYZE) added_rows, nested_rows;
