// Looking at all that lies in memory, bucket by bucket.
#pragma once

#include "extension/cache/access.hpp"

namespace steward::cache {

/// An entry as it was when its bucket was looked at; the key follows in the buffer.
struct Seen {
    std::uint16_t pool;
    Type type;
    bool is_null;
    core::Label label;
    std::uint32_t value_size;
    std::uint32_t hits;
    std::uint64_t size; ///< of the arena
    std::size_t key_size;

    std::span<std::byte> key() noexcept { return {reinterpret_cast<std::byte *>(this + 1), key_size}; }
    std::string_view key_text(const Namespace &space) noexcept;
};

/// Copies the living entries of a bucket, of one pool or of all, and lets a caller look at them while no lock
/// is held.
class Bucket {
  public:
    static constexpr std::size_t all_pools = most_namespaces;

    /// Raises an error only for want of memory.
    void read(std::size_t bucket, std::size_t pool);
    template <class Visit> void each(Visit visit) {
        for (std::size_t at = 0; at < used_;) {
            Seen *const seen = reinterpret_cast<Seen *>(buffer_ + at);
            at += room_for(seen->key_size);
            visit(*seen);
        }
    }

  private:
    static std::size_t room_for(std::size_t key_size) noexcept { return MAXALIGN(sizeof(Seen) + key_size); }
    bool copy(const core::Entries &entries, core::Place place);

    char *buffer_ = nullptr; ///< of the memory context of the first read()
    std::size_t room_ = 0;
    std::size_t used_ = 0;
};

/// Calls `visit(seen)` for every living entry of the namespace that this role may see, while no lock is held.
template <class Visit> void each_entry(const Namespace &space, Visit visit) {
    Bucket entries;
    Oid const role = GetUserId();
    for (std::size_t bucket = 0; is_held(space) && bucket < store().buckets(); ++bucket) {
        check_interrupts();
        entries.read(bucket, space.held.pool);
        entries.each([&](Seen &seen) {
            if (space.is_shared || memcmp(seen.key().data(), &role, sizeof role) == 0)
                visit(seen);
        });
    }
}

/// Gives back the room of entries that nobody finds any more, of one pool or of all, and the pools of
/// namespaces that are gone; how many entries there were.
std::int64_t sweep(std::size_t pool = Bucket::all_pools);

} // namespace steward::cache
