#include "extension/cache/tags.hpp"

#include "extension/cache/mutants.hpp"

extern "C" {
#include "access/transam.h"
#include "access/twophase.h"
#include "common/hashfn.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

bool holds(const Stamp &stamp) noexcept {
    return tag_slot(stamp.slot).generation.load() == stamp.generation;
}

template <class Number> void raise_to(std::atomic<Number> &shared, Number number) noexcept {
    Number before = shared.load();
    while (before < number && !shared.compare_exchange_weak(before, number)) {
    }
}

/// Whether whatever was prepared after a change of this slot had ended before the snapshot was taken.
bool prepared_have_ended(const TagSlot &slot) {
    if (mutant == Mutant::ignore_prepared)
        return true;
    std::uint64_t const newest = std::max(slot.prepared.load(), prepared_transactions().before_start.load());
    if (newest == 0)
        return true;
    FullTransactionId const next = ReadNextFullTransactionId();
    if (U64FromFullTransactionId(next) - newest >
        (std::uint64_t{1} << 30)) // the 32 bits of an xmin say nothing
        return true;
    return TransactionIdPrecedes(static_cast<TransactionId>(newest), GetActiveSnapshot()->xmin);
}

} // namespace

Slot slot_of(TagKind kind, std::uint64_t owner, std::string_view name, Oid database) noexcept {
    std::uint64_t const seed = owner * 0x9e3779b97f4a7c15 ^ database * std::uint64_t{0xc2b2ae3d27d4eb4f} ^
                               static_cast<std::uint64_t>(kind) << 56;
    auto const *const bytes = reinterpret_cast<const unsigned char *>(name.data());
    return static_cast<Slot>(hash_bytes_extended(bytes, static_cast<int>(name.size()), seed) >> 16);
}

void Stamps::add(Slot slot) {
    if (has(slot))
        return;
    if (count_ == most_tags)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many tags"),
                errdetail("A value can have %zu, its key, its namespace and the tables of that included.",
                          most_tags));
    stamps_[count_++] = {0, slot, 0};
}

bool Stamps::has(Slot slot) const noexcept {
    return std::any_of(stamps_, stamps_ + count_, [slot](const Stamp &stamp) { return stamp.slot == slot; });
}

void Stamps::read(const core::Entries &entries, core::Place place) noexcept {
    count_ = std::min(entries.at(place).stamps_size / sizeof(Stamp), most_tags);
    entries.read_stamps(place, reinterpret_cast<std::byte *>(stamps_));
}

/// Without memory nobody counts changes; what depends on some is not kept then.
bool Stamps::take() noexcept {
    if (!has_memory())
        return true;
    bool is_quiet = true;
    for (Stamp &stamp : all()) {
        // In this order: a change that is counted after the first line is seen to be pending, or found by
        // hold().
        stamp.generation = tag_slot(stamp.slot).generation.load();
        is_quiet = is_quiet && (tag_slot(stamp.slot).pending.load() == 0 || mutant == Mutant::ignore_pending);
    }
    return is_quiet;
}

bool Stamps::hold() const noexcept {
    return !has_memory() || std::all_of(stamps_, stamps_ + count_, holds);
}

bool Stamps::prepared_are_seen() const {
    return std::all_of(stamps_, stamps_ + count_,
                       [](const Stamp &stamp) { return prepared_have_ended(tag_slot(stamp.slot)); });
}

bool Stamps::are_older_than_transaction() const {
    TimestampTz const start = GetCurrentTransactionStartTimestamp();
    const PreparedTransactions &prepared = prepared_transactions();
    bool const ends_are_old = prepared.ending.load() == 0 && prepared.ended.load() < start;
    return std::all_of(stamps_, stamps_ + count_, [&](const Stamp &stamp) {
        const TagSlot &slot = tag_slot(stamp.slot);
        bool const was_prepared = slot.prepared.load() != 0 || prepared.before_start.load() != 0;
        bool const is_pending = slot.pending.load() != 0 && mutant != Mutant::ignore_pending;
        return !is_pending && slot.completed.load() < start &&
               (!was_prepared || (ends_are_old && prepared_have_ended(slot)));
    });
}

void begin_change(Slot slot) noexcept {
    tag_slot(slot).pending.fetch_add(1);
    tag_slot(slot).generation.fetch_add(1);
}

/// The clock may be set back; what is completed later must not seem to be so earlier.
void complete_change(Slot slot) noexcept {
    raise_to(tag_slot(slot).completed, GetCurrentTimestamp());
    tag_slot(slot).pending.fetch_sub(1);
}

void withdraw_change(Slot slot) noexcept {
    tag_slot(slot).pending.fetch_sub(1);
}

void prepare_change(Slot slot, std::uint64_t transaction) noexcept {
    raise_to(tag_slot(slot).prepared, transaction);
    tag_slot(slot).pending.fetch_sub(1);
}

/// The newest transaction that can have been prepared before this moment is the one before the next: as with
/// prepare_change(), what has ended need not wait for one more.
void note_prepared_before_start() {
    if (!has_memory())
        return;
    std::atomic<std::uint64_t> &before_start = prepared_transactions().before_start;
    if (max_prepared_xacts == 0 || before_start.load() != 0)
        return;
    std::uint64_t none = 0;
    before_start.compare_exchange_strong(none, U64FromFullTransactionId(ReadNextFullTransactionId()) - 1);
}

EndOfPrepared::EndOfPrepared() noexcept {
    prepared_transactions().ending.fetch_add(1);
}

EndOfPrepared::~EndOfPrepared() {
    PreparedTransactions &prepared = prepared_transactions();
    raise_to(prepared.ended, GetCurrentTimestamp());
    prepared.ending.fetch_sub(1);
}

} // namespace steward::cache
