-- Types of failure, and the strategies against them, as a site wants them.

CREATE FUNCTION failure_type_alter(failure_type text, max_attempts integer DEFAULT NULL, parallel boolean DEFAULT NULL,
                                   use_cached boolean DEFAULT NULL, adaptive boolean DEFAULT NULL, discount float8 DEFAULT NULL,
                                   sharpness float8 DEFAULT NULL, floor float8 DEFAULT NULL, least_floor float8 DEFAULT NULL,
                                   success_worth float8 DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('strategies');
    UPDATE steward.failure_type AS f
    SET max_attempts = coalesce(max_attempts, f.max_attempts), parallel = coalesce(parallel, f.parallel),
        use_cached = coalesce(use_cached, f.use_cached), adaptive = coalesce(adaptive, f.adaptive), discount = coalesce(discount, f.discount),
        sharpness = coalesce(sharpness, f.sharpness), floor = coalesce(floor, f.floor), least_floor = coalesce(least_floor, f.least_floor),
        success_worth = nullif(coalesce(success_worth, f.success_worth), 0)
    WHERE f.failure_type = failure_type;
    IF NOT FOUND THEN
        PERFORM steward.strategy_refuse(coalesce(failure_type, ''));
    END IF;
EXCEPTION WHEN check_violation OR numeric_value_out_of_range THEN
    RAISE EXCEPTION 'invalid definition of failure type "%"', failure_type USING ERRCODE = 'invalid_parameter_value', DETAIL = SQLERRM;
END $$;
REVOKE ALL ON FUNCTION failure_type_alter(text, integer, boolean, boolean, boolean, float8, float8, float8, float8, float8) FROM PUBLIC;
COMMENT ON FUNCTION failure_type_alter(text, integer, boolean, boolean, boolean, float8, float8, float8, float8, float8) IS
    'changes what is given of a type of failure; success_worth 0 has costs not count';

CREATE FUNCTION failure_type_create(failure_type text, max_attempts integer DEFAULT NULL, parallel boolean DEFAULT NULL,
                                    use_cached boolean DEFAULT NULL, adaptive boolean DEFAULT NULL, discount float8 DEFAULT NULL,
                                    sharpness float8 DEFAULT NULL, floor float8 DEFAULT NULL, least_floor float8 DEFAULT NULL,
                                    success_worth float8 DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('strategies');
    IF coalesce(failure_type, '') = '' THEN
        RAISE EXCEPTION 'a failure type is needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO steward.failure_type (failure_type) VALUES (failure_type_create.failure_type) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'failure type "%" already exists', failure_type USING ERRCODE = 'duplicate_object';
    END IF;
    PERFORM steward.failure_type_alter(failure_type, max_attempts, parallel, use_cached, adaptive, discount, sharpness, floor, least_floor,
                                       success_worth);
END $$;
REVOKE ALL ON FUNCTION failure_type_create(text, integer, boolean, boolean, boolean, float8, float8, float8, float8, float8) FROM PUBLIC;
COMMENT ON FUNCTION failure_type_create(text, integer, boolean, boolean, boolean, float8, float8, float8, float8, float8) IS
    'makes a type of failure, without strategies yet';

CREATE FUNCTION failure_type_drop(failure_type text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('strategies');
    DELETE FROM steward.failure_type AS f WHERE f.failure_type = failure_type;
    IF NOT FOUND THEN
        PERFORM steward.strategy_refuse(failure_type);
    END IF;
    DELETE FROM steward.strategy AS s WHERE s.failure_type = failure_type;
    DELETE FROM steward.strategy_tally AS t WHERE t.failure_type = failure_type;
END $$;
REVOKE ALL ON FUNCTION failure_type_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION failure_type_drop(text) IS
    'drops a type of failure, its strategies and how they fared; the log of outcomes stays, recoveries that are under way end';

CREATE FUNCTION strategy_alter(failure_type text, strategy text, role text DEFAULT NULL, prior_mean float8 DEFAULT NULL,
                               prior_strength float8 DEFAULT NULL, kind text DEFAULT NULL, by_person boolean DEFAULT NULL,
                               enabled boolean DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('strategies');
    UPDATE steward.strategy AS s
    SET role = coalesce(role, s.role), prior_mean = coalesce(prior_mean, s.prior_mean), prior_strength = coalesce(prior_strength, s.prior_strength),
        by_person = coalesce(by_person, s.by_person), enabled = coalesce(enabled, s.enabled)
    WHERE s.failure_type = failure_type AND s.strategy = strategy;
    IF NOT FOUND THEN
        PERFORM steward.strategy_refuse(coalesce(failure_type, ''), coalesce(strategy, ''));
    END IF;
    IF kind IS NOT NULL THEN
        IF NOT EXISTS (SELECT FROM steward.job_kind AS k WHERE k.kind = strategy_alter.kind AND NOT k.dropped) THEN
            PERFORM steward.job_kind_refuse(kind);
        END IF;
        UPDATE steward.strategy AS s SET kind = kind WHERE s.failure_type = failure_type AND s.strategy = strategy;
    END IF;
EXCEPTION WHEN check_violation THEN
    RAISE EXCEPTION 'invalid definition of strategy "%"', strategy USING ERRCODE = 'invalid_parameter_value', DETAIL = SQLERRM;
END $$;
REVOKE ALL ON FUNCTION strategy_alter(text, text, text, float8, float8, text, boolean, boolean) FROM PUBLIC;
COMMENT ON FUNCTION strategy_alter(text, text, text, float8, float8, text, boolean, boolean) IS
    'changes what is given of a strategy; its kind of jobs only for members of steward_owner, since those run with the rights of others';

CREATE FUNCTION strategy_create(failure_type text, strategy text, role text DEFAULT 'candidate', prior_mean float8 DEFAULT NULL,
                                prior_strength float8 DEFAULT 2.5, kind text DEFAULT NULL, by_person boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('strategies');
    IF coalesce(strategy, '') = '' OR role IS NULL OR prior_strength IS NULL OR by_person IS NULL THEN
        RAISE EXCEPTION 'a strategy and a role are needed' USING ERRCODE = 'invalid_parameter_value';
    ELSIF NOT EXISTS (SELECT FROM steward.failure_type AS f WHERE f.failure_type = strategy_create.failure_type) THEN
        PERFORM steward.strategy_refuse(coalesce(failure_type, ''));
    END IF;
    INSERT INTO steward.strategy (failure_type, strategy, prior_mean) VALUES (strategy_create.failure_type, strategy_create.strategy, 0.5)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'strategy "%" against failure type "%" already exists', strategy, failure_type
            USING ERRCODE = 'duplicate_object', HINT = 'Change it with steward.strategy_alter().';
    END IF;
    PERFORM steward.strategy_alter(failure_type, strategy, role,
                                   coalesce(prior_mean, CASE role WHEN 'primary' THEN 0.6 WHEN 'fallback' THEN 0.5 ELSE 0.4 END), prior_strength,
                                   kind, by_person);
END $$;
REVOKE ALL ON FUNCTION strategy_create(text, text, text, float8, float8, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION strategy_create(text, text, text, float8, float8, text, boolean) IS
    'adds a strategy against a type of failure: expected to succeed as its role says (primary 0.6, fallback 0.5, candidate 0.4), unless it says otherwise';

CREATE FUNCTION strategy_drop(failure_type text, strategy text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('strategies');
    DELETE FROM steward.strategy AS s WHERE s.failure_type = failure_type AND s.strategy = strategy;
    IF NOT FOUND THEN
        PERFORM steward.strategy_refuse(failure_type, strategy);
    END IF;
    DELETE FROM steward.strategy_tally AS t WHERE t.failure_type = failure_type AND t.strategy = strategy;
END $$;
REVOKE ALL ON FUNCTION strategy_drop(text, text) FROM PUBLIC;
COMMENT ON FUNCTION strategy_drop(text, text) IS 'drops a strategy and how it fared; the log of outcomes stays. Disabled, it would be kept';
