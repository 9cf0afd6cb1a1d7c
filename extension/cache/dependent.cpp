#include "extension/cache/dependent.hpp"

#include "extension/cache/mutants.hpp"
#include "extension/cache/read.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "utils/datum.h"
}

namespace steward::cache {

namespace {

bool are_changed_here(const Stamps &stamps) noexcept {
    return std::ranges::any_of(stamps.all(), [](const Stamp &stamp) { return is_changed_here(stamp.slot); });
}

/// Runs while a lock is held: no error, no wait.
bool is_good(const core::Entries &entries, core::Place place) {
    Stamps stamps;
    stamps.read(entries, place);
    if (!stamps.hold() || are_changed_here(stamps))
        return false;
    // Whoever keeps one snapshot must not see what came after it.
    return !IsolationUsesXactSnapshot() || mutant == Mutant::ignore_old_snapshot ||
           stamps.are_older_than_transaction();
}

Looked looked_of(const Pending &pending, bool copy) {
    Looked looked{core::Hit::fresh, value_of(pending.type, nullptr), pending.label};
    if (copy && pending.value != nullptr)
        looked.value.bytes = reinterpret_cast<varlena *>(
            DatumGetPointer(datumCopy(PointerGetDatum(pending.value), false, -1)));
    return looked;
}

} // namespace

bool may_use_dependent() noexcept {
    return !IsolationIsSerializable() && !RecoveryInProgress();
}

Looked look_up_dependent(const Namespace &space, const EntryKey &key, bool copy, bool &was_refused) {
    was_refused = false;
    if (const Pending *const pending = find_pending(space, key)) {
        bool const is_there = !pending->is_removed && now() < pending->label.expires;
        return is_there ? looked_of(*pending, copy) : Looked{};
    }
    if (!may_use_dependent())
        return {};
    return read_entry(space, key, copy, is_good, was_refused);
}

bool store_dependent(const Namespace &space, const EntryKey &key, const core::Item &item,
                     const Stamps &stamps) {
    if (!may_use_dependent())
        return false;
    note_prepared_before_start();
    if (!stamps.are_older_than_transaction() && mutant != Mutant::set_without_rule)
        return false;
    change_key_at_commit(key.slot());
    publish_at_commit(space, key, item, stamps);
    return true;
}

bool remove_dependent(const Namespace &space, const EntryKey &key) {
    bool was_refused = false;
    bool const is_there = look_up_dependent(space, key, false, was_refused).hit != core::Hit::none;
    if (RecoveryInProgress())
        return false;
    change_key_at_commit(key.slot());
    remove_at_commit(space, key);
    return is_there;
}

} // namespace steward::cache
