// A value under its key: found, stored, removed.
#pragma once

#include "extension/cache/namespace.hpp"

extern "C" {
#include "utils/array.h"
}

namespace steward::cache {

inline constexpr std::size_t most_key_bytes = 1024;
/// In the type of an entry: the value is NULL.
inline constexpr std::uint8_t null_bit = 0x80;

/// A key of a namespace as the store knows it: with the role before it where roles do not share.
class EntryKey {
  public:
    /// Raises 54000 if the key is too long. `key` outlives this.
    EntryKey(const Namespace &space, std::string_view key);

    operator core::Key() const noexcept { return {hash_, {bytes_, size_}}; }
    std::string_view text() const noexcept { return text_; }
    /// What stands for changes of the value under this key.
    Slot slot() const noexcept { return static_cast<Slot>(hash_ >> 24); }

  private:
    std::string_view text_;
    const std::byte *bytes_;
    std::size_t size_;
    std::uint64_t hash_;
    std::byte own_[sizeof(Oid) + most_key_bytes];
};

/// What is stored: bytes with the header of a varlena before them, or a NULL that somebody computed.
struct Value {
    varlena *bytes = nullptr; ///< null for NULL
    Type type = Type::any;
};

enum class Tier : std::uint8_t { memory, table, archive };

struct Looked {
    core::Hit hit = core::Hit::none;
    Value value;
    core::Label label;
    Tier tier = Tier::memory;
    bool was_there = false; ///< the memory has an entry under the key, if only one that is dead
};

/// Whether there is memory for the values of the namespace.
inline bool is_held(const Namespace &space) noexcept {
    return space.held.incarnation != 0 && space.tiers.memory;
}
/// Whether they can be kept anywhere.
inline bool keeps_values(const Namespace &space) noexcept {
    return is_held(space) || space.tiers.table;
}
/// Whose values the caller finds, as the tables say it.
inline Oid role_of(const Namespace &space) noexcept {
    return space.is_shared ? InvalidOid : GetUserId();
}

/// What is there under a key for this transaction, copied into the caller's memory context, and counted.
Looked look_up(Namespace &space, const EntryKey &key);
/// The same without value and count.
Looked peek(const Namespace &space, const EntryKey &key);

/// When a value that is stored now ends; `ttl` null: as the namespace says.
core::Time end_of(const Namespace &space, const Interval *ttl);

/// An item of a value. Raises 42804 if it is of a type that the namespace does not hold.
core::Item item_of(const Namespace &space, const EntryKey &key, const Value &value, core::Time expires,
                   std::uint32_t cost_us);

/// Raises 54000 if it is larger than the namespace may hold.
void require_fit(const Namespace &space, const core::Item &item);

/// What the value under a key depends on: in a dependent namespace that itself, the key and the tables; and
/// words of the user, if there are any.
Stamps stamps_of(const Namespace &space, const EntryKey &key, ArrayType *words = nullptr);

/// Stores a value that the caller has computed, at some time in this transaction; others see it at once, or,
/// in a dependent namespace, when it commits. False if it could not be kept, or could be a value of before a
/// change that others see by now.
bool store_value(Namespace &space, const EntryKey &key, core::Item item, Stamps stamps);

/// Puts an item of which the stamps were taken before it was computed; others see it at once. False if that
/// failed, or something has changed.
bool publish_now(Namespace &space, const EntryKey &key, core::Item item, const Stamps &stamps);

/// Has a value that is there end at another time; false if there is none.
bool expire_value(Namespace &space, const EntryKey &key, core::Time end);

/// Removes the value under a key; for others, in a dependent namespace, when the transaction commits. True if
/// there was one.
bool remove_value(Namespace &space, const EntryKey &key);

/// The value as a Datum for a function that returns `wanted`. Raises 42804 if it is of another type.
Datum datum_of(FunctionCallInfo fcinfo, const Value &value, Type wanted);

} // namespace steward::cache
