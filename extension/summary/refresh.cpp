// A refresh: changes are taken, their keys computed again, and what differs is stored, in one transaction.
#include "extension/summary/state.hpp"

#include "extension/rows.hpp"
#include "extension/summary/changes.hpp"
#include "extension/summary/mutants.hpp"
#include "extension/summary/pending.hpp"
#include "extension/summary/plans.hpp"
#include "extension/summary/statements.hpp"
#include "extension/text.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/instrument.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/timestamp.h"
}

namespace steward::summary {

namespace {

constexpr const char *component = "summary";
constexpr std::int64_t first_batch = 256; ///< so many changes are taken at once, and then more
constexpr std::int64_t largest_batch = 10'000;
constexpr std::int64_t oldest_refresh_us = USECS_PER_MINUTE; ///< as triggers think
constexpr std::int64_t most_counted = 1'000'000;

std::int64_t now_us() {
    return static_cast<std::int64_t>(now_ns() / 1000);
}

/// One refresher a summary, until the transaction ends. It is a lock of its own: vacuum and readers of the
/// table do not meet it.
bool try_lock(const Summary &summary) {
    if (mutant == Mutant::two_refreshers)
        return true;
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationRelationId, summary.stored, 0);
    return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

/// Takes over what the last step says of rows. `column` tells whether a key has several.
void add_written(const Summary &summary, Outcome &outcome, int column = 4) {
    Returned row;
    if (DatumGetBool(row[column]))
        ereport(ERROR, errcode(ERRCODE_UNIQUE_VIOLATION),
                errmsg("the query of summary %s has several rows of one key", summary.name),
                errhint("Each key is to have one row."));
    std::int64_t const found = row.number(1);
    std::int64_t const written = row.number(2);
    outcome.written += written;
    outcome.unchanged += found - written;
    outcome.removed += row.number(3);
}

/// Whether rows have been written of which the triggers will tell only when a statement around this one, or a
/// trigger, has ended.
bool is_to_hear_more(const Summary &summary) {
    ListCell *cell = nullptr;
    foreach (cell, known_relations(summary))
        if (AfterTriggerPendingOnRel(lfirst_oid(cell)))
            return true;
    return false;
}

void refresh_all(const Summary &summary, Outcome &outcome) {
    std::int64_t const begun = now_us();
    outcome.mode = "full";
    if (is_added_up(summary) && is_to_hear_more(summary))
        note_all(summary.changes); // these rows count now, and would be added once more
    run_step(summary, Step::full, {});
    outcome.keys += Returned().number(1);
    add_written(summary, outcome);
    outcome.full_us = now_us() - begun;
    if (OidIsValid(summary.timers)) {
        Oid types[] = {TEXTOID};
        Datum values[] = {CStringGetTextDatum(summary.name)};
        if (SPI_execute_with_args("SELECT steward.summary_fill_timers($1)", 1, types, values, nullptr, false,
                                  0) != SPI_OK_SELECT)
            elog(ERROR, "could not set the timers of a summary: %s", SPI_result_code_string(SPI_result));
    }
}

void add_up(const Summary &summary, Outcome &outcome) {
    outcome.mode = "delta";
    run_step(summary, Step::delta, {});
    Returned row;
    if (DatumGetBool(row[5])) { // all is computed, these included
        refresh_all(summary, outcome);
        return;
    }
    outcome.keys += row.number(1);
    add_written(summary, outcome);
    outcome.unchanged -= outcome.removed; // of a key that is gone no row was looked at
}

/// Takes changes and computes their keys.
///
/// \return whether there may be more
bool refresh_batch(const Summary &summary, std::int64_t most, Outcome &outcome) {
    int const width = list_length(summary.key);
    Datum const limit[] = {Int64GetDatum(most)};
    run_step(summary, Step::take, limit);
    Returned row;
    bool const all = DatumGetBool(row[width + 1]);
    std::int64_t const taken = row.number(width + 2);
    std::int64_t const expired = row.number(width + 3);
    std::int64_t const rung = row.number(width + 4);
    outcome.expired += expired + rung;
    if (all) {
        refresh_all(summary, outcome);
        return false;
    }
    Datum keys[INDEX_MAX_KEYS];
    for (int i = 0; i < width; ++i)
        keys[i] = row[i + 1];
    if (row.is_null())
        return false;
    ArrayType *const first = DatumGetArrayTypeP(keys[0]);
    std::int64_t const count = ArrayGetNItems(ARR_NDIM(first), ARR_DIMS(first));
    std::int64_t const written = outcome.written + outcome.removed;
    std::int64_t const begun = now_us();
    run_step(summary, Step::keyed, {keys, static_cast<std::size_t>(width)});
    outcome.keys += count;
    outcome.computed_keys += count;
    outcome.computed_us += now_us() - begun;
    add_written(summary, outcome);
    // Rows that stay as they are and yet say that their time has come would come again and again.
    bool const has_moved = taken > 0 || rung > 0 || outcome.written + outcome.removed > written;
    return has_moved && (taken == most || expired == most || rung == most);
}

/// Whether the keys that wait would take longer, at the pace so far, than computing all.
bool is_too_slow(const Summary &summary, const Outcome &outcome) {
    if (summary.full_us <= 0 || outcome.computed_keys == 0)
        return false;
    double const key_us =
        static_cast<double>(outcome.computed_us) / static_cast<double>(outcome.computed_keys);
    auto const most = static_cast<std::int64_t>(std::min(1e9, summary.full_us / std::max(key_us, 1e-3))) + 1;
    return count_backlog(summary, most) >= most;
}

void refresh_keys(const Summary &summary, std::int64_t most, bool may_switch, Outcome &outcome) {
    outcome.mode = "keyed";
    std::int64_t size = first_batch;
    while (refresh_batch(summary, std::min(most - outcome.keys, size), outcome) && outcome.keys < most) {
        check_interrupts();
        if (may_switch && is_too_slow(summary, outcome)) {
            refresh_all(summary, outcome);
            return;
        }
        size = std::min(size * 8, largest_batch);
    }
}

/// Refreshes of this transaction: a summary, and the time that was written. Where that is undone, another
/// session may write a later one.
struct Refreshed {
    LocalTransactionId transaction;
    struct {
        Oid stored;
        TimestampTz at;
    } last[32];
    int count;
};
Refreshed refreshed_here{};

bool is_refreshed_here(const Summary &summary) {
    return refreshed_here.transaction == MyProc->lxid &&
           std::any_of(refreshed_here.last, refreshed_here.last + refreshed_here.count, [&](const auto &one) {
               return one.stored == summary.stored && one.at == summary.refreshed_at;
           });
}

void note_refreshed_here(Oid stored, TimestampTz at) {
    if (refreshed_here.transaction != MyProc->lxid)
        refreshed_here = {MyProc->lxid, {}, 0};
    int place = 0;
    while (place < refreshed_here.count && refreshed_here.last[place].stored != stored)
        ++place;
    if (place == static_cast<int>(std::size(refreshed_here.last)))
        return;
    refreshed_here.last[place] = {stored, at};
    refreshed_here.count = std::max(refreshed_here.count, place + 1);
}

/// Whether this transaction goes by a time before what is stored: what rows changed to by the clock since
/// would be lost, for their timers are gone.
bool is_too_old(const Summary &summary) {
    TimestampTz const now = GetCurrentTransactionStartTimestamp();
    return OidIsValid(summary.timers) && ((summary.refreshed_at > now && !is_refreshed_here(summary)) ||
                                          GetCurrentTimestamp() - now > oldest_refresh_us);
}

/// Inside SPI, as the owner.
void refresh(Summary &summary, std::string_view mode, std::int64_t most, Outcome &outcome) {
    bool const is_forced = mode == "full";
    bool const is_known = are_partitions_known(summary);
    if (!is_forced && is_known && !is_pending(summary))
        return;
    if (!try_lock(summary)) {
        outcome.mode = "busy";
        return;
    }
    look_at_partitions(summary);
    require_sound(summary);
    summary = find_summary(cstring_to_text(summary.name)); // which that, or another refresh, may have changed
    if (is_too_old(summary)) {
        outcome.mode = "busy";
        return;
    }
    if (!is_forced && !is_pending(summary))
        return;
    bool const chooses = mode == "auto" && most == INT64_MAX;
    if (is_forced || summary.rebuild != nullptr || summary.is_full_only ||
        (chooses && !is_added_up(summary) && prefers_full(summary)))
        refresh_all(summary, outcome);
    else if (is_added_up(summary))
        add_up(summary, outcome);
    else
        refresh_keys(summary, most, chooses, outcome);
    if (strcmp(outcome.mode, "full") == 0 && !is_forced && summary.rebuild == nullptr)
        renew_expressions(summary);
    if (mutant == Mutant::recompute_first)
        SPI_execute(drain_statement(summary), false, 0);
}

void refresh_as_owner(Summary &summary, std::string_view mode, std::int64_t most, std::int64_t begun,
                      Outcome &outcome) {
    AsOwner const owner(summary);
    SPI_connect();
    refresh(summary, mode, most, outcome);
    outcome.us = now_us() - begun;
    if (strcmp(outcome.mode, "none") != 0 && strcmp(outcome.mode, "busy") != 0)
        note_refreshed_here(summary.stored, note_refresh(summary, outcome));
    if (strcmp(outcome.mode, "none") != 0)
        outcome.backlog = count_backlog(summary, most_counted);
    SPI_finish();
    owner.end();
}

/// Refreshes the summaries that the query reads, and then the summary.
Outcome refresh_with_those_below(Summary &summary, std::string_view mode, std::int64_t most, bool below) {
    std::int64_t const begun = now_us();
    std::uint64_t const wal = pgWalUsage.wal_bytes;
    ListCell *cell = nullptr;
    foreach (cell, below ? summaries_below(summary) : NIL)
        refresh_with_those_below(*static_cast<Summary *>(lfirst(cell)), "auto", INT64_MAX, below);
    flush_changes();
    Outcome outcome;
    OpenRefresh const open(summary);
    guarded([&] { refresh_as_owner(summary, mode, most, begun, outcome); });
    outcome.wal_bytes = pgWalUsage.wal_bytes - wal;
    return outcome;
}

void require_mode(std::string_view mode) {
    if (mode != "auto" && mode != "keyed" && mode != "delta" && mode != "full")
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("invalid mode of a refresh: \"%.*s\"", static_cast<int>(mode.size()), mode.data()),
                errhint("It may be auto, keyed, delta or full."));
}

} // namespace

/// (name, mode, max_keys, below) -> mode_used, keys, written, unchanged, removed, expired, backlog, duration,
/// wal_bytes
STEWARD_FUNCTION(steward_summary_refresh) {
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a name and a mode are needed"));
    text *const name = PG_GETARG_TEXT_PP(0);
    std::string_view const mode = text_argument(fcinfo, 1);
    std::int64_t const most = PG_ARGISNULL(2) ? INT64_MAX : PG_GETARG_INT64(2);
    require_mode(mode);
    if (most < 1)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("max_keys must be positive"));
    PreventCommandIfReadOnly("summary_refresh()");
    PreventCommandIfParallelMode("summary_refresh()");
    Summary summary = find_summary(name);
    require_right(summary);
    Outcome const outcome =
        refresh_with_those_below(summary, mode, most, PG_ARGISNULL(3) || PG_GETARG_BOOL(3));
    auto *const duration = static_cast<Interval *>(palloc0(sizeof(Interval)));
    duration->time = outcome.us;
    return one_row(fcinfo, std::array{CStringGetTextDatum(outcome.mode), Int64GetDatum(outcome.keys),
                                      Int64GetDatum(outcome.written), Int64GetDatum(outcome.unchanged),
                                      Int64GetDatum(outcome.removed), Int64GetDatum(outcome.expired),
                                      Int64GetDatum(outcome.backlog), IntervalPGetDatum(duration),
                                      Int64GetDatum(static_cast<std::int64_t>(outcome.wal_bytes))});
}

/// (name, keys): computes them -> how many rows were written or removed; null if another session refreshes
STEWARD_FUNCTION(steward_summary_refresh_objects) {
    Summary summary = find_summary(PG_GETARG_TEXT_PP(0));
    require_right(summary);
    PreventCommandIfReadOnly("summary_refresh_keys()");
    if (is_added_up(summary))
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("no key of summary %s is computed alone: its changes are added up", summary.name));
    Outcome outcome;
    AsOwner const owner(summary);
    SPI_connect();
    bool is_mine = !OpenRefresh::is_of(summary.stored) && try_lock(summary);
    if (is_mine) {
        require_sound(summary);
        summary = find_summary(cstring_to_text(summary.name)); // which another refresh may have changed
        is_mine = !is_too_old(summary);
    }
    Datum const given[] = {PG_GETARG_DATUM(1)};
    if (is_mine) {
        run_step(summary, Step::keys, given);
        Returned row;
        Datum keys[INDEX_MAX_KEYS];
        for (int i = 0; i < list_length(summary.key); ++i)
            keys[i] = row[i + 1];
        if (!row.is_null()) {
            run_step(summary, Step::keyed, {keys, static_cast<std::size_t>(list_length(summary.key))});
            add_written(summary, outcome);
        }
        outcome.mode = "keyed";
        note_refresh(summary,
                     outcome); // also a meeting place of snapshots that are older than another refresh
    }
    SPI_finish();
    owner.end();
    if (!is_mine)
        PG_RETURN_NULL();
    PG_RETURN_INT64(outcome.written + outcome.removed);
}

} // namespace steward::summary
