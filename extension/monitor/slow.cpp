#include "extension/monitor/slow.hpp"

#include "extension/monitor/plan_text.hpp"
#include "extension/rows.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/xlog.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "postmaster/bgworker_internals.h"
#include "tcop/tcopprot.h"
#include "utils/timestamp.h"
}

namespace steward {

namespace monitor {

constinit int slow_ms = 1000;

namespace {

constexpr int slots = 64;
constexpr int query_size = 2048; ///< with the zero byte at the end
constexpr int plan_size = 6144;
constexpr double nanoseconds_per_second = 1e9;
constexpr std::uint64_t nanoseconds_per_millisecond = 1000000;

struct SlowCall {
    TimestampTz at;
    double seconds;
    Oid database; ///< invalid where the slot is free
    Oid role;
    int sqlstate; ///< 0 if it did not fail
    bool is_nested;
    char query[query_size];
    char plan[plan_size];
};

/// A ring: who comes when it is full takes the place of the oldest.
struct SlowCalls {
    std::uint32_t next;
    SlowCall calls[slots];
};

constinit Shared<SlowCalls> shared("steward slow calls 2");

ExecutorRun_hook_type next_run = nullptr;

/// How much of the time of this process is in statements that were noted: what is around them is not noted
/// again for the same reason.
std::uint64_t noted_ns = 0;

void copy_text(char *place, int size, const char *text, int length) {
    int const kept = pg_mbcliplen(text, length, size - 1);
    memcpy(place, text, static_cast<std::size_t>(kept));
    place[kept] = '\0';
}

const char *plan_of(QueryDesc *query) {
    MemoryContext const caller = MemoryContextSwitchTo(query->estate->es_query_cxt);
    ExplainState *const state = NewExplainState();
    state->costs = true;
    state->analyze = query->instrument_options != 0 && query->planstate->instrument != nullptr;
    ExplainBeginOutput(state);
    ExplainPrintPlan(state, query);
    ExplainEndOutput(state);
    if (state->str->len > 0 && state->str->data[state->str->len - 1] == '\n')
        state->str->data[--state->str->len] = '\0';
    MemoryContextSwitchTo(caller);
    return state->str->data;
}

bool is_our_worker() noexcept {
    return MyBgworkerEntry != nullptr && strcmp(MyBgworkerEntry->bgw_library_name, "pg_steward") == 0;
}

bool is_inside_ours() noexcept {
    return measurement.top != nullptr && measurement.top > measurement.running.data();
}

/// What is known of a statement before it runs.
struct Begun {
    std::uint64_t ns; ///< 0 if nothing is to be noted
    std::uint64_t noted_ns;
    std::uint64_t calls;
    Oid role; ///< an error may come out of a function that runs as somebody else
};

/// Nanoseconds that it took if that is to be noted, or else 0.
std::uint64_t noteworthy(const Begun &begun) noexcept {
    if (begun.ns == 0 || slow_ms < 0)
        return 0;
    std::uint64_t const took = now_ns() - begun.ns;
    if (took < static_cast<std::uint64_t>(slow_ms) * nanoseconds_per_millisecond || IsParallelWorker())
        return 0;
    bool const is_ours = measurement.pushes != begun.calls || is_inside_ours() || is_our_worker();
    return is_ours && (noted_ns - begun.noted_ns) * 2 < took ? took : 0;
}

/// The plan is EXPLAIN's; if the statement has failed, where catalogs cannot be read, `plan` is null.
void note(QueryDesc *query, const Begun &begun, std::uint64_t took, const char *plan, int sqlstate) {
    const char *const text = query->sourceText != nullptr ? query->sourceText : "";
    TimestampTz const at = GetCurrentTimestamp();
    bool const is_nested = debug_query_string == nullptr || strcmp(text, debug_query_string) != 0;
    LWLockAcquire(shared.lock(), LW_EXCLUSIVE);
    SlowCalls &all = shared.get();
    SlowCall &call = all.calls[all.next++ % slots];
    call.at = at;
    call.seconds = static_cast<double>(took) / nanoseconds_per_second;
    call.database = MyDatabaseId;
    call.role = begun.role;
    call.sqlstate = sqlstate;
    call.is_nested = is_nested;
    copy_text(call.query, query_size, text, static_cast<int>(strlen(text)));
    if (plan != nullptr)
        copy_text(call.plan, plan_size, plan, static_cast<int>(strlen(plan)));
    else
        write_plan(query->plannedstmt, call.plan, plan_size);
    LWLockRelease(shared.lock());
    noted_ns = begun.noted_ns + took;
}

bool can_note() noexcept {
    return !RecoveryInProgress() && shared.block().is_made();
}

void call_next(QueryDesc *query, ScanDirection direction, uint64 count, bool once) {
    if (next_run != nullptr)
        next_run(query, direction, count, once);
    else
        standard_ExecutorRun(query, direction, count, once);
}

void run(QueryDesc *query, ScanDirection direction, uint64 count, bool once) {
    Begun const begun{slow_ms < 0 ? 0 : now_ns(), noted_ns, measurement.pushes, GetUserId()};
    watched([&] { call_next(query, direction, count, once); },
            [&](int sqlstate) {
                std::uint64_t const took = noteworthy(begun);
                if (took > 0 && can_note())
                    note(query, begun, took, nullptr, sqlstate);
            });
    std::uint64_t const took = noteworthy(begun);
    if (took > 0 && can_note())
        note(query, begun, took, plan_of(query), 0);
}

} // namespace

SharedBlock &slow_block() noexcept {
    return shared.block();
}

void watch_statements() {
    next_run = ExecutorRun_hook;
    ExecutorRun_hook = [](QueryDesc *query, ScanDirection direction, uint64 count, bool once) {
        boundary([&] { run(query, direction, count, once); });
    };
}

} // namespace monitor

/// Rows (at, seconds, role, nested, query, plan, sqlstate) of this database, which are given once.
STEWARD_FUNCTION_UNMEASURED(steward_slow_call_take) {
    using namespace monitor;
    ResultRows const rows = start_rows(fcinfo);
    if (!shared.block().is_made())
        return 0;
    auto *const calls = static_cast<SlowCall *>(palloc(sizeof(SlowCall) * slots));
    int count = 0;
    LWLockAcquire(shared.lock(), LW_EXCLUSIVE);
    for (SlowCall &call : shared.get().calls)
        if (call.database == MyDatabaseId) {
            calls[count++] = call;
            call.database = InvalidOid;
        }
    LWLockRelease(shared.lock());
    for (const SlowCall &call : std::span(calls, static_cast<std::size_t>(count)))
        rows.add_nullable([&] {
            return std::array<NullableDatum, 7>{
                {{TimestampTzGetDatum(call.at), false},
                 {Float8GetDatum(call.seconds), false},
                 {ObjectIdGetDatum(call.role), false},
                 {BoolGetDatum(call.is_nested), false},
                 {CStringGetTextDatum(call.query), false},
                 {PointerGetDatum(plan_with_names(call.plan)), false},
                 {call.sqlstate == 0 ? Datum{0} : CStringGetTextDatum(unpack_sql_state(call.sqlstate)),
                  call.sqlstate == 0}}};
        });
    return 0; // the rows are in the tuplestore
}

} // namespace steward
