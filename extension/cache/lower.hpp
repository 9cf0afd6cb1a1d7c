// What lies below the memory: where a value is looked for when it is not there, and what the memory knows
// better.
#pragma once

#include "extension/cache/rows.hpp"

namespace steward::cache {

/// What the memory knows of the rows below, of all keys that fall on it. A row is out of date if it was saved
/// before `outdated`; that happens to others with the same slot as well, which costs no more than their
/// values.
struct LowerSlot {
    std::atomic<TimestampTz> outdated;
    std::atomic<std::uint32_t> generation; ///< grows when a row was written or is out of date
};
inline constexpr std::size_t lower_slots = 65536;
LowerSlot &lower_slot(std::uint16_t slot) noexcept;

/// The slot of a key, the role before it if there is one.
std::uint16_t lower_slot_of(const char *space, std::span<const std::byte> key,
                            Oid database = MyDatabaseId) noexcept;
/// Rows that were written until then, or until now, are out of date. Raises no error.
void outdate(LowerSlot &slot, TimestampTz until) noexcept;
void outdate(LowerSlot &slot) noexcept;

/// Whether values of the namespace lie below the memory, and can be had here.
bool has_lower(const Namespace &space) noexcept;

/// What is there, and good; it comes into memory again. The memory has nothing under the key.
Looked look_lower(const Namespace &space, const EntryKey &key);

/// Removes what is under a key in memory, and what lies below is out of date from then on. True if it was in
/// memory, and alive.
bool remove_from_memory(const Namespace &space, const EntryKey &key) noexcept;
/// Removes what is there of a pure namespace, in memory and below, there for good if this transaction may
/// write. False if that was nothing.
bool remove_everywhere(const Namespace &space, const EntryKey &key);
/// Removes what lies below under keys that a LIKE pattern fits, and what of it has come up since the caller
/// has looked into the memory; how many. Where this transaction may not write the rows stay, and are not
/// found.
std::int64_t remove_lower_like(const Namespace &space, Datum pattern);
/// Has what is there end at another time, where there is no memory for it. False if the transaction may not
/// write, or nothing is there.
bool expire_lower(const Namespace &space, const EntryKey &key, core::Time end);

/// Stores a value where there is no memory for it, as part of the transaction. False if it may not write.
bool store_lower(const Namespace &space, const EntryKey &key, const core::Item &item);
/// Removes all that is there of a namespace, of all roles, if this transaction may write.
void clear_lower(const char *space);
/// Removes what the memory has of a namespace, and what lies below of all roles is out of date.
void clear_memory(const Namespace &space) noexcept;

} // namespace steward::cache
