-- Revert pg_steward:scoring from pg
BEGIN;
DROP TABLE steward.score_profile, steward.lexicon, steward.history_retention;
DROP TRIGGER attempts_inserted ON steward.qec_synthesis_attempt_logs;
DROP TRIGGER attempts_updated ON steward.qec_synthesis_attempt_logs;
DROP TRIGGER attempts_deleted ON steward.qec_synthesis_attempt_logs;
DROP TRIGGER attempts_truncated ON steward.qec_synthesis_attempt_logs;
DROP FUNCTION steward.attempts_changed(), steward.lexicon_changed(), steward.score_profile_changed(),
              steward.history_maintain(timestamptz), steward.lexicon_take_turns(), steward.principle_changed(bigint[]);
DROP TABLE steward.principle_change, steward.profile_change, steward.lexicon_change;
ALTER TABLE steward.constitutional_principles
    DROP CONSTRAINT constitutional_principles_criteria,
    DROP COLUMN scored_hash, DROP COLUMN content_hash, DROP COLUMN score_error, DROP COLUMN lexicon_version, DROP COLUMN formula_version,
    DROP COLUMN scored_at, DROP COLUMN reliability, DROP COLUMN formality, DROP COLUMN ambiguity,
    DROP COLUMN profile;
COMMIT;
