#include "extension/summary/pending.hpp"

#include "extension/rows.hpp"
#include "extension/summary/mutants.hpp"
#include "extension/summary/plans.hpp"
#include "extension/summary/state.hpp"
#include "extension/summary/statements.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace steward::summary {

namespace {

constexpr const char *component = "summary";
constexpr double first_key_us = 50; ///< what a key is thought to cost before that is known
constexpr std::int64_t most_counted = 1'000'000;

/// Calls `visit(slot)` for each row of a table that this transaction sees, until it says that it is enough.
template <class Visit> void each_row(Oid relation, Visit visit) {
    Relation const table = table_open(relation, AccessShareLock);
    Snapshot const snapshot = RegisterSnapshot(GetTransactionSnapshot());
    TupleTableSlot *const slot = table_slot_create(table, nullptr);
    TableScanDesc const scan = table_beginscan(table, snapshot, 0, nullptr);
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot) && visit(slot))
        check_interrupts();
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    UnregisterSnapshot(snapshot);
    table_close(table, AccessShareLock);
}

/// Runs `body` inside SPI, as the owner of a summary.
template <class Body> auto as_owner_of(const Summary &summary, Body body) {
    AsOwner const owner(summary);
    SPI_connect();
    auto const result = body(summary);
    SPI_finish();
    owner.end();
    return result;
}

/// The summary that the first argument names.
Summary summary_of_argument(FunctionCallInfo fcinfo) {
    Summary const summary = find_summary(PG_GETARG_TEXT_PP(0));
    require_right(summary);
    return summary;
}

} // namespace

bool has_changes(const Summary &summary) {
    bool has = false;
    each_row(summary.changes, [&has](TupleTableSlot *) {
        has = true;
        return false;
    });
    return has;
}

TimestampTz first_expiry(const Summary &summary) {
    if ((summary.expires == nullptr && !OidIsValid(summary.timers)) || mutant == Mutant::no_expiry)
        return DT_NOEND;
    run_step(summary, Step::expiry, {});
    if (SPI_processed == 0)
        return DT_NOEND;
    Returned row;
    Datum const first = row[1];
    return row.is_null() ? DT_NOEND : DatumGetTimestampTz(first);
}

bool is_pending(const Summary &summary) {
    return summary.rebuild != nullptr || summary.is_deaf || has_changes(summary) ||
           first_expiry(summary) <= GetCurrentTransactionStartTimestamp();
}

bool is_pending_or_moved(const Summary &summary) {
    return is_pending(summary) || has_moved(summary);
}

bool is_pending_below(const Summary &summary) {
    if (is_pending_or_moved(summary))
        return true;
    ListCell *cell = nullptr;
    foreach (cell, summaries_below(summary))
        if (as_owner_of(*static_cast<Summary *>(lfirst(cell)), is_pending_below))
            return true;
    return false;
}

std::int64_t count_backlog(const Summary &summary, std::int64_t most) {
    Datum const values[] = {Int64GetDatum(most)};
    run_step(summary, Step::backlog, values);
    return Returned().number(1);
}

bool prefers_full(const Summary &summary) {
    double const key_us = summary.key_us > 0 ? summary.key_us : first_key_us;
    auto const most = static_cast<std::int64_t>(std::min(1e9, summary.full_us / key_us)) + 1;
    return summary.full_us > 0 && count_backlog(summary, most) >= most;
}

/// (name, below): what a refresh should do: none, delta, keyed or full; with, or without, a look at those
/// below
STEWARD_FUNCTION(steward_summary_choose) {
    auto *const asks = PG_GETARG_BOOL(1) ? &is_pending_below : &is_pending_or_moved;
    auto const *const mode = as_owner_of(summary_of_argument(fcinfo), [asks](const Summary &summary) {
        return !asks(summary)                                       ? "none"
               : summary.rebuild != nullptr || summary.is_full_only ? "full"
               : is_added_up(summary)                               ? "delta"
               : prefers_full(summary)                              ? "full"
                                                                    : "keyed";
    });
    PG_RETURN_TEXT_P(cstring_to_text(mode));
}

/// (name): when the first row changes by the clock alone
STEWARD_FUNCTION(steward_summary_expiry) {
    TimestampTz const first = as_owner_of(summary_of_argument(fcinfo), first_expiry);
    if (first == DT_NOEND)
        PG_RETURN_NULL();
    PG_RETURN_TIMESTAMPTZ(first);
}

/// (name) -> changes, oldest. Counts say nothing of keys: any reader may ask.
STEWARD_FUNCTION(steward_summary_backlog) {
    Summary const summary = find_summary(PG_GETARG_TEXT_PP(0), false);
    std::int64_t count = 0;
    TimestampTz oldest = DT_NOEND;
    if (!is_sound(summary))
        PG_RETURN_NULL();
    each_row(summary.changes, [&](TupleTableSlot *slot) {
        bool is_null = false;
        Datum const at = slot_getattr(slot, slot->tts_tupleDescriptor->natts, &is_null);
        oldest = std::min(oldest, is_null ? oldest : DatumGetTimestampTz(at));
        return ++count < most_counted;
    });
    TupleDesc columns = nullptr;
    get_call_result_type(fcinfo, nullptr, &columns);
    Datum values[] = {Int64GetDatum(count), TimestampTzGetDatum(oldest)};
    bool nulls[] = {false, oldest == DT_NOEND};
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

/// (name): the full name of a summary that the caller owns
STEWARD_FUNCTION(steward_summary_own) {
    Summary const summary = find_summary(PG_GETARG_TEXT_PP(0), false);
    require_owner(summary);
    PG_RETURN_TEXT_P(cstring_to_text(summary.name));
}

/// (name, left, right): the SQL that compares keys
STEWARD_FUNCTION(steward_summary_condition) {
    Summary const summary = find_summary(PG_GETARG_TEXT_PP(0));
    PG_RETURN_TEXT_P(
        cstring_to_text(key_condition(summary, quote_identifier(text_to_cstring(PG_GETARG_TEXT_PP(1))),
                                      quote_identifier(text_to_cstring(PG_GETARG_TEXT_PP(2))))));
}

} // namespace steward::summary
