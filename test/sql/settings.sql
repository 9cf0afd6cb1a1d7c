-- Settings: the prefix is reserved, and the library says its version.
LOAD 'pg_steward';
SELECT current_setting('steward.library_version')
       = (SELECT extversion FROM pg_extension WHERE extname = 'pg_steward') AS library_is_as_installed;
SELECT name, boot_val, unit, context FROM pg_settings
WHERE name LIKE 'steward.%' AND name <> 'steward.library_version' ORDER BY name;
SET steward.library_version = '0'; \echo SQLSTATE :LAST_ERROR_SQLSTATE
SET steward.no_such_setting = 1; \echo SQLSTATE :LAST_ERROR_SQLSTATE
