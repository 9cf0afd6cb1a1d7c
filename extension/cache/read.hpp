// An entry of the store, read into memory of PostgreSQL.
#pragma once

#include "extension/cache/access.hpp"

namespace steward::cache {

/// Memory for a value of which the size is known only while a lock is held: no error may be raised there.
class Reservation {
  public:
    std::byte *operator()(std::size_t size) noexcept {
        value_ = static_cast<varlena *>(MemoryContextAllocExtended(CurrentMemoryContext, VARHDRSZ + size,
                                                                   MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE));
        has_failed_ = value_ == nullptr;
        if (has_failed_)
            return nullptr;
        SET_VARSIZE(value_, VARHDRSZ + size);
        return reinterpret_cast<std::byte *>(VARDATA(value_));
    }
    varlena *value() const noexcept { return value_; }
    bool has_failed() const noexcept { return has_failed_; }

  private:
    varlena *value_ = nullptr;
    bool has_failed_ = false;
};

inline Value value_of(std::uint8_t type, varlena *bytes) noexcept {
    return {(type & null_bit) == 0 ? bytes : nullptr, static_cast<Type>(type & ~null_bit)};
}

/// What `accept(entries, place)`, which is called while a lock is held, lets through; `was_refused` if it
/// does not. Without `copy` the value stays where it is.
template <class Accept>
Looked read_entry(const Namespace &space, const EntryKey &key, bool copy, Accept accept, bool &was_refused) {
    Looked looked;
    Reservation reserve;
    was_refused = false;
    auto const look = [&](const core::Entries &entries, core::Place place) {
        was_refused = !accept(entries, place);
        if (was_refused || copy)
            return !was_refused;
        looked = {core::Hit::fresh, value_of(entries.at(place).type, nullptr), entries.at(place).label};
        return false;
    };
    core::Found const found =
        store().get(space.held.pool, key, now(), look, [&](std::size_t size) { return reserve(size); });
    if (reserve.has_failed())
        ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
                errdetail("A cached value is larger than what is left."));
    if (found.hit != core::Hit::none)
        looked = {found.hit, value_of(found.type, reserve.value()), found.label};
    looked.was_there = found.was_there;
    return looked;
}

} // namespace steward::cache
