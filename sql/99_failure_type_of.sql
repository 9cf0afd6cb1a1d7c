-- What type of failure an error text speaks of.

CREATE FUNCTION failure_examples(OUT error text, OUT failure_type text) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 128 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT e.error, t.failure_type
    FROM (VALUES
        ('syntax_error', ARRAY['syntax error at line 3: unexpected token', 'rego_parse_error: var cannot be used for rule name', 'unexpected end of input, expected a closing brace',
            'invalid JSON: trailing comma in object', 'could not parse the policy: missing bracket', 'unexpected identifier in expression', 'parse error near "default allow"',
            'the generated rule does not compile: undefined variable input_user', 'unterminated string literal in line 12', 'yaml parse failure: mapping values are not allowed here',
            'unexpected character at column 8', 'compile error: function is not defined', 'malformed policy, unexpected eof', 'illegal token in generated code', 'indentation error in the generated rule',
            'unclosed parenthesis, could not parse']),
        ('semantic_conflict', ARRAY['the rule contradicts principle 12', 'conflict: both allow and deny hold for the same request', 'two principles require opposite actions',
            'inconsistent with an existing policy on retention', 'rule 7 says 30 minutes, rule 9 says 15 minutes', 'contradiction between access and audit rules', 'policies overlap with contradictory results',
            'mutually exclusive conditions in the policy set', 'the new rule conflicts with the deny rule of admin', 'conflicting obligations for the same subject', 'principle contradicts another principle of higher rank',
            'incompatible with rule 4: it forbids what this requires', 'conflict detected between two constitutional principles', 'the policy denies what principle 3 grants', 'overlapping rules disagree on the outcome',
            'contradictory requirements cannot both be satisfied']),
        ('timeout', ARRAY['request timed out after 30 seconds', 'deadline exceeded while waiting for the model', 'the model did not respond in time', 'gateway timeout 504', 'read timed out',
            'operation timed out: no response from upstream', 'context deadline exceeded', 'generation took too long and was aborted', 'statement timeout while evaluating the policy', 'connection timed out to the provider',
            'no answer within the time limit', 'time limit of the synthesis exceeded', 'aborted after waiting 60 s for a response', 'upstream request timeout', 'the call exceeded its deadline', 'timed out waiting for completion']),
        ('confidence_low', ARRAY['confidence 0.41 is below the threshold', 'the model is not sure about its answer', 'low confidence in the generated policy', 'score below minimum confidence of 0.7',
            'the answer was marked as uncertain', 'insufficient confidence to accept the result', 'the models disagree, confidence is low', 'uncertainty too high to proceed', 'self-reported confidence: low', 'probability of the best answer is only 0.3',
            'the model hedged: I am not certain', 'confidence score under the required level', 'low certainty of the interpretation', 'agreement between samples is too low', 'not confident enough, answer rejected',
            'the estimated confidence does not reach the threshold']),
        ('validation_failed', ARRAY['validation failed: 3 of 10 test cases did not pass', 'the policy does not satisfy its acceptance criteria', 'test given a token when expired then refused failed', 'schema validation error: required field missing',
            'output does not match the expected schema', 'assertion failed in policy tests', 'verification of the rule failed for case 4', 'expected deny but got allow in test 2', 'the criteria are not met by the generated policy', 'validator rejected the result',
            'formal verification found a counterexample', 'unit tests of the policy failed', 'does not pass validation: wrong type of field', 'check failed, expected true but was false', 'required property subject is absent, validation error', 'the result violates an invariant of the schema']),
        ('ambiguous_principle', ARRAY['the principle can be read in two ways', 'ambiguous: what counts as appropriate is not defined', 'the term reasonable is undefined', 'it is unclear who the statement applies to', 'vague wording, several interpretations possible',
            'unclear what "sensitive data" means here', 'the statement does not say when it applies', 'undefined term in the principle: timely', 'cannot determine the intended meaning', 'the wording as needed leaves the scope open',
            'multiple interpretations of the principle', 'clarification needed: which users are meant', 'the principle is too vague to be formalised', 'ambiguous reference: it may mean the user or the admin', 'meaning of adequate protection is unclear', 'underspecified statement, no measurable condition']),
        ('bias_detected', ARRAY['the policy treats groups differently by age', 'bias detected: outcome depends on gender', 'disparate impact on a protected group', 'unfair treatment by nationality', 'the rule discriminates against older applicants',
            'fairness check failed for ethnicity', 'protected attribute religion influences the decision', 'demographic parity is violated', 'the generated text contains a stereotype', 'biased output concerning women',
            'discriminatory condition on place of birth', 'unequal error rates between groups', 'the policy favours one group over another', 'a proxy for race was used', 'equal opportunity difference above the limit', 'prejudice against disabled people in the output']),
        ('complexity_high', ARRAY['the principle is too complex to be synthesised in one step', 'too many nested conditions', 'the rule has 45 branches, limit is 20', 'exceeds the maximum number of clauses', 'cyclomatic complexity above the limit',
            'too many dependencies between rules', 'the statement combines seven obligations', 'token limit exceeded: the principle is too long', 'complexity score 0.93 is too high', 'decomposition required, too many cases', 'policy too large to be evaluated',
            'deeply nested exceptions in the statement', 'the number of criteria is too large', 'maximum context length exceeded by the prompt', 'the condition tree is too deep', 'too many variables in one rule'])
    ) AS t (failure_type, errors), unnest(t.errors) AS e (error)
$$;
REVOKE ALL ON FUNCTION failure_examples() FROM PUBLIC;
COMMENT ON FUNCTION failure_examples() IS 'error texts of each of the eight types of failure, to begin with';

CREATE FUNCTION failure_type_enable(confidence float8 DEFAULT 0.5) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('models');
    PERFORM steward.model_create('failure_type', 'steward.failure_errors', 'failure_type', text => 'error', confidence => confidence);
END $$;
REVOKE ALL ON FUNCTION failure_type_enable(float8) FROM PUBLIC;
COMMENT ON FUNCTION failure_type_enable(float8) IS
    'makes the model that failure_type_of asks, trained on examples and on the errors of all attempts so far; its owner is whoever calls this';

CREATE FUNCTION failure_type_of(error text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$ SELECT CASE WHEN d.confident THEN d.label END FROM steward.model_predict_detail('failure_type', error) AS d $$;
REVOKE ALL ON FUNCTION failure_type_of(text) FROM PUBLIC;
COMMENT ON FUNCTION failure_type_of(text) IS 'what type of failure an error text speaks of, as a model says; null if that is not confident';
