#include "extension/cache/fetch.hpp"

#include "extension/cache/dependent.hpp"
#include "extension/cache/flight.hpp"
#include "extension/cache/mutants.hpp"

#include <cmath>

extern "C" {
#include "access/transam.h"
#include "access/xact.h"
#include "common/pg_prng.h"
#include "utils/snapmgr.h"
}

namespace steward::cache {

namespace {

/// When a value that was computed now ends; nothing if it is not to be kept.
std::optional<core::Time> end_of_value(const Request &request, const Value &value) {
    if (value.bytes != nullptr)
        return end_of(*request.space, request.ttl);
    core::Time const ttl = request.space->negative_ttl;
    return ttl == 0 ? std::nullopt : std::optional(now() + ttl);
}

/// Whether a value that was computed from what the active snapshot sees, and whose stamps were taken before,
/// is that of now.
bool is_of_now(const Stamps &stamps) {
    if (!may_use_dependent() || !stamps.prepared_are_seen())
        return false;
    return !IsolationUsesXactSnapshot() || stamps.are_older_than_transaction();
}

/// Without a number of its own the transaction has changed nothing that others do not see: they may have the
/// value now.
bool is_published_later(const Namespace &space) {
    return space.is_dependent && TransactionIdIsValid(GetTopTransactionIdIfAny()) &&
           mutant != Mutant::publish_at_call;
}

void keep(const Request &request, const EntryKey &key, const Value &value, const Stamps &stamps,
          std::uint64_t cost_ns) {
    std::optional<core::Time> const end = end_of_value(request, value);
    if (!end || !keeps_values(*request.space))
        return;
    auto const cost_us = static_cast<std::uint32_t>(std::min<std::uint64_t>(cost_ns / 1000, UINT32_MAX));
    core::Item const item = item_of(*request.space, key, value, *end, cost_us);
    if (is_held(*request.space) && !store().fits(item))
        count(*request.space, Count::refused_sets);
    else if (is_published_later(*request.space)) {
        publish_at_commit(*request.space, key, item, stamps);
        count(*request.space, Count::sets);
    } else {
        publish_now(*request.space, key, item, stamps);
    }
}

/// Whether a value that is computed now, its stamps taken, can be kept at all.
bool may_keep(const Namespace &space, const Stamps &stamps, bool was_quiet) {
    return was_quiet && (!space.is_dependent || is_of_now(stamps));
}

/// Takes the stamps of a value, before the snapshot that it is computed with. False if something that it
/// depends on is being changed. Where there is no memory nothing is counted: a value with stamps is not kept
/// there, and one without needs none.
bool take_stamps(const Request &request, const EntryKey &key, Stamps &stamps) {
    if (!has_memory())
        return true;
    note_prepared_before_start();
    Stamps definitions; // which tables a query reads is looked up by them, and they are looked up again to
                        // compute
    definitions.add(request.space->slot);
    bool const were_quiet = definitions.take();
    if (request.find_stamps != nullptr)
        stamps = request.find_stamps(request, key);
    return stamps.take() && were_quiet && definitions.hold();
}

/// Computes with a snapshot of now, keeps the value and lets the others fly: before, where they would wait
/// for something that they will not see.
Value compute(const Request &request, const EntryKey &key, Flight &flight) {
    Stamps stamps = request.stamps;
    bool const was_quiet = take_stamps(request, key, stamps);
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    bool const is_kept = may_keep(*request.space, stamps, was_quiet);
    if (!is_kept || is_published_later(*request.space))
        flight.land();
    std::uint64_t const loads = definition_loads();
    std::uint64_t const begun = now_ns();
    Value const value = request.compute(request);
    PopActiveSnapshot();
    if (mutant == Mutant::stamps_after_value)
        (void)stamps.take();
    // It may have taken long, and called others: the namespace may be another by now, or not be there.
    if (definition_loads() == loads && is_current()) {
        if (is_kept)
            keep(request, key, value, stamps, now_ns() - begun);
        else
            count(*request.space, Count::refused_sets);
    }
    flight.land();
    return value;
}

/// Whoever can neither have what others compute nor keep what it computes itself does not wait for them.
Value compute_for_itself(const Request &request, const EntryKey &key) {
    Flight const flight(*request.space, key);
    return guarded([&] {
        CommandCounterIncrement();
        PushActiveSnapshot(GetTransactionSnapshot());
        Value const value = request.compute(request);
        PopActiveSnapshot();
        return value;
    });
}

/// Values that are about to end are computed anew by one of those who ask, the sooner the more they cost.
///
/// Source: Vattani, Chierichetti, Lowenstein, "Optimal probabilistic cache stampede prevention", VLDB 2015.
bool is_early(const Namespace &space, const core::Label &label) {
    if (space.early_beta == 0 || label.cost == 0 || label.expires == core::never)
        return false;
    double const drawn = std::max(pg_prng_double(&pg_global_prng_state), 1e-12);
    return -std::log(drawn) * space.early_beta * label.cost >= static_cast<double>(label.expires - now());
}

/// A value that is there, unless this call is the one to compute it anew.
Value refresh_or(const Request &request, const EntryKey &key, const Looked &looked) {
    Flight flight(*request.space, key);
    return guarded([&] {
        if (!flight.try_take())
            return looked.value;
        if (looked.hit == core::Hit::fresh)
            count(*request.space, Count::early_refreshes);
        return compute(request, key, flight);
    });
}

Value compute_or_wait(const Request &request, const EntryKey &key) {
    Flight flight(*request.space, key);
    return guarded([&] {
        if (flight.try_take())
            return compute(request, key, flight);
        count(*request.space, Count::flight_waits);
        flight.take();
        Looked const looked = look_up(*request.space, key);
        if (looked.hit != core::Hit::fresh)
            return compute(request, key, flight);
        flight.land();
        return looked.value;
    });
}

} // namespace

Value fetch(const Request &request, const EntryKey &key) {
    if (!keeps_values(*request.space) || (!is_held(*request.space) && request.space->is_dependent))
        return compute_for_itself(request, key);
    Looked const looked = look_up(*request.space, key);
    if (request.space->is_dependent && !may_use_dependent())
        return compute_for_itself(request, key);
    if (looked.hit == core::Hit::none)
        return compute_or_wait(request, key);
    if (looked.hit == core::Hit::stale || is_early(*request.space, looked.label))
        return refresh_or(request, key, looked);
    return looked.value;
}

} // namespace steward::cache
