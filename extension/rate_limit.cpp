// SQL functions that decide by the state of a rate limit, which is a value like any other: who keeps it, and
// under which lock, is said in SQL.
#include "core/limit/window.hpp"

#include "extension/boundary.hpp"
#include "extension/monitor/bytes.hpp"
#include "extension/rows.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace steward {

namespace {

constexpr const char *component = "rate_limit";

/// The arguments from `first` on: window and delay in microseconds, requests, tokens, burst, concurrency, and
/// whether what is in flight counts until it ends.
core::LimitRule rule_argument(FunctionCallInfo fcinfo, int first) {
    core::LimitRule rule;
    rule.window = PG_GETARG_INT64(first);
    rule.delay = PG_GETARG_INT64(first + 1);
    rule.requests = PG_GETARG_INT64(first + 2);
    rule.tokens = PG_GETARG_INT64(first + 3);
    rule.burst = PG_GETARG_FLOAT8(first + 4);
    rule.in_flight = PG_GETARG_INT32(first + 5);
    rule.counts_at_end = PG_GETARG_BOOL(first + 6);
    if (rule.window < USECS_PER_SEC || rule.window > core::LimitWindow::most_window || rule.delay < 0 ||
        rule.delay > rule.window || rule.requests < 0 || rule.tokens < 0 ||
        !(rule.burst > 0.0 && rule.burst <= 1.0) || rule.in_flight < 0)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("this is no rule of a rate limit"));
    return rule;
}

/// Infinity is no time to calculate with.
TimestampTz time_argument(FunctionCallInfo fcinfo, int at) {
    TimestampTz const time = PG_GETARG_TIMESTAMPTZ(at);
    constexpr TimestampTz most = core::LimitWindow::most / 2; // what comes of it is a time, too
    if (time < -most || time > most)
        ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range"));
    return time;
}

core::Charge charge_of(std::int64_t requests, std::int64_t tokens) {
    core::Charge const charge{requests, tokens};
    constexpr std::int64_t most = std::int64_t{1} << 50; // sums of many stay numbers
    if (charge.requests < 0 || charge.requests > most || charge.tokens < 0 || charge.tokens > most)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("requests and tokens must not be negative, nor more than 2^50"));
    return charge;
}

std::int64_t pause_argument(FunctionCallInfo fcinfo, int at) {
    std::int64_t const pause = PG_GETARG_INT64(at);
    if (pause < 0 || pause > core::LimitWindow::most_window)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("a provider is not left alone for longer than 31 days"));
    return pause;
}

core::CallOutcome outcome_of(std::string_view name) {
    if (name == "ok")
        return core::CallOutcome::ok;
    if (name == "failed")
        return core::CallOutcome::failed;
    if (name == "throttled")
        return core::CallOutcome::throttled;
    throw core::Error(core::ErrorKind::invalid_argument, "unknown outcome: \"" + std::string(name) + "\"", "",
                      "Use ok, failed or throttled.");
}

} // namespace

/// (state, rule, at, requests, tokens) -> (state, admitted_at, wait_us); null is no value of these:
/// admitted_at is 0 where it was not admitted.
STEWARD_FUNCTION(steward_rate_state_admit) {
    std::string_view const state = monitor::view(PG_GETARG_BYTEA_PP(0));
    core::LimitRule const rule = rule_argument(fcinfo, 1);
    TimestampTz const now = time_argument(fcinfo, 8);
    core::Charge const asked = charge_of(PG_GETARG_INT64(9), PG_GETARG_INT64(10));
    core::Admission found;
    bytea *after = nullptr;
    {
        core::LimitWindow window = core::LimitWindow::unpack(state);
        found = window.admit(rule, now, asked);
        std::string const bytes = window.pack();
        guarded([&] { after = monitor::bytea_of(bytes); });
    }
    return one_row<4>(fcinfo, {PointerGetDatum(after), BoolGetDatum(found.is_admitted),
                               TimestampTzGetDatum(found.at), Int64GetDatum(found.wait)});
}

/// (state, rule, at, admitted_at, requests asked, tokens asked, tokens taken, outcome, retry_after_us) ->
/// state
STEWARD_FUNCTION(steward_rate_state_settle) {
    std::string_view const state = monitor::view(PG_GETARG_BYTEA_PP(0));
    core::LimitRule const rule = rule_argument(fcinfo, 1);
    TimestampTz const now = time_argument(fcinfo, 8);
    TimestampTz const admitted_at = time_argument(fcinfo, 9);
    core::Charge const asked = charge_of(PG_GETARG_INT64(10), PG_GETARG_INT64(11));
    text *const outcome = PG_GETARG_TEXT_PP(13);
    std::int64_t const retry_after = pause_argument(fcinfo, 14);
    core::Charge const actual = charge_of(asked.requests, PG_GETARG_INT64(12));
    bytea *after = nullptr;
    {
        core::LimitWindow window = core::LimitWindow::unpack(state);
        window.settle(rule, now, admitted_at, asked, actual);
        window.learn(rule, now, outcome_of({VARDATA_ANY(outcome), VARSIZE_ANY_EXHDR(outcome)}), retry_after);
        std::string const bytes = window.pack();
        guarded([&] { after = monitor::bytea_of(bytes); });
    }
    PG_RETURN_BYTEA_P(after);
}

/// (state, rule, at) -> what counts, what is in flight, the cap, until when nothing is admitted, counts.
STEWARD_FUNCTION(steward_rate_state_read) {
    std::string_view const state = monitor::view(PG_GETARG_BYTEA_PP(0));
    core::LimitRule const rule = rule_argument(fcinfo, 1);
    TimestampTz const now = time_argument(fcinfo, 8);
    core::LimitUsage usage;
    core::LimitCounts counts;
    {
        core::LimitWindow const window = core::LimitWindow::unpack(state);
        usage = window.usage(rule, now);
        counts = window.counts();
    }
    return one_row<9>(fcinfo, {Int64GetDatum(usage.used.requests), Int64GetDatum(usage.used.tokens),
                               Int64GetDatum(usage.in_flight), Float8GetDatum(usage.cap),
                               TimestampTzGetDatum(usage.blocked == 0 ? DT_NOBEGIN : usage.blocked),
                               Int64GetDatum(counts.admitted), Int64GetDatum(counts.throttled),
                               Int64GetDatum(counts.tokens), Int64GetDatum(counts.excess)});
}

} // namespace steward
