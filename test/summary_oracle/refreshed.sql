-- A refresh that is a transaction of its own.
SELECT nextval('refreshes') FROM any_definition() AS d, steward.summary_refresh(d.name, 'keyed') AS r WHERE r.mode_used NOT IN ('none', 'busy');
