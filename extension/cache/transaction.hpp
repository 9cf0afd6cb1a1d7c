// What a transaction does to dependent namespaces: seen by itself at once, by others when it has committed.
#pragma once

#include "extension/cache/access.hpp"
#include "extension/cache/tags.hpp"

namespace steward::cache {

/// This transaction changes what the slot stands for. What it has computed from that before is dropped.
void change_at_commit(Slot slot);
/// The same for a key of which it changes the value: what it has stored there before may come back with a
/// savepoint.
void change_key_at_commit(Slot slot);
/// All namespaces of this database, or of every one: nobody knows what has changed.
void change_all_at_commit(bool of_every_database = false);
/// Whether it does.
bool is_changed_here(Slot slot) noexcept;

/// Hears of the ends of transactions from now on.
void watch_transactions();

/// A value that this transaction has stored, or has removed, and that others do not know of yet.
struct Pending {
    Pending *older_of_key;
    Pending *older;
    int level; ///< of the subtransaction; 0 when that has ended in vain
    bool is_removed;
    std::uint16_t pool;
    std::uint32_t incarnation;
    std::uint8_t type; ///< as an entry has it
    core::Label label;
    std::uint64_t hash;
    std::span<const std::byte> key;
    varlena *value; ///< null for NULL
    Stamps stamps;
};

/// The newest of a key; null if there is none.
const Pending *find_pending(const Namespace &space, const EntryKey &key) noexcept;
/// Publishes it when the transaction commits, if the stamps still hold by then.
void publish_at_commit(const Namespace &space, const EntryKey &key, const core::Item &item,
                       const Stamps &stamps);
void remove_at_commit(const Namespace &space, const EntryKey &key);

} // namespace steward::cache
