// One value under its key, as it lies in the arena.
#pragma once

#include "core/cache/arena.hpp"

namespace steward::core::cache {

/// Microseconds of a clock that only moves forward.
using Time = std::int64_t;
inline constexpr Time never = INT64_MAX;

/// What identifies an entry within its pool; the caller computes the hash, over these bytes and the pool.
struct Key {
    std::uint64_t hash;
    std::span<const std::byte> bytes; ///< at most 8,191
};

/// Whether what lies below the memory, a table perhaps, has an entry as it is here.
enum class Writeback : std::uint8_t {
    clean,   ///< it has, or does not keep such entries
    dirty,   ///< it has another value under the key, or none
    writing, ///< it is being told
};

/// What a caller keeps beside a value.
struct Label {
    Time expires = never;
    std::uint32_t cost = 0;       ///< microseconds that it took to compute
    std::uint32_t generation = 0; ///< of the pool when the value was computed
};

/// An entry to be: `stamps` are bytes that say under which conditions the value holds.
struct Item {
    Key key;
    std::span<const std::byte> stamps; ///< at most 255
    std::span<const std::byte> value;
    Label label;
    std::uint16_t pool;
    std::uint8_t type; ///< means something to the caller alone
    Writeback writeback = Writeback::clean;
};

/// What the first block of an entry begins with; key, stamps and value follow. Where no block was large
/// enough, they go on in others, each of which begins with the place of the next.
struct Entry {
    Node node;
    Label label;
    Place chain; ///< the next entry of its bucket in the index
    Place next;  ///< the next block, or nowhere
    std::uint32_t hash_high;
    std::uint32_t value_size;
    std::uint32_t hits;          ///< readers count without a lock: about so many
    std::uint16_t key_size : 13; ///< the three change under the lock of the part of the index
    Writeback writeback : 2;
    bool is_leaving : 1; ///< was evicted, and is found until it is written
    std::uint8_t stamps_size;
    std::uint8_t type;

    std::uint64_t hash() const noexcept { return std::uint64_t{hash_high} << 32 | node.fingerprint; }
};

static_assert(sizeof(Entry) == 56); // what the smallest block has room for

/// Reads and writes the entries of an arena. Writing needs the caller to be the only one who knows the place.
class Entries {
  public:
    explicit Entries(Arena &arena) noexcept : arena_(&arena) {}

    Entry &at(Place place) const noexcept { return *reinterpret_cast<Entry *>(arena_->at(place)); }

    /// Blocks for an item: one if the arena has it, or else several, of which each holds a good part of what
    /// is left. In `small_pieces` whatever there is. Nowhere if the arena has not that.
    Place take(const Item &item, bool small_pieces) noexcept;
    /// Makes the entry of an item in blocks that were taken for it, in no line and no bucket.
    void write(Place place, const Item &item) const noexcept;
    /// Whether another item for the same key can lie in the blocks of an entry without wasting them.
    bool has_room_for(Place place, const Item &item) const noexcept;
    /// Puts such an item there, while nobody reads the entry. Lines and buckets stay as they are.
    void rewrite(Place place, const Item &item) const noexcept;
    /// All its blocks.
    void give_back(Place place) noexcept;

    bool has_key(Place place, const Key &key) const noexcept;
    void read_key(Place place, std::byte *to) const noexcept { copy(place, 0, at(place).key_size, to); }
    void read_stamps(Place place, std::byte *to) const noexcept {
        copy(place, at(place).key_size, at(place).stamps_size, to);
    }
    void read_value(Place place, std::byte *to) const noexcept {
        copy(place, std::size_t{at(place).key_size} + at(place).stamps_size, at(place).value_size, to);
    }
    /// What it takes of the arena.
    std::size_t size(Place place) const noexcept;

  private:
    /// Calls `visit(bytes)` for what lies in each block after the header, at most `most` bytes in all.
    template <class Visit> void each_piece(Place place, std::size_t most, Visit visit) const noexcept;
    void write_contents(Place place, const Item &item) const noexcept;
    void copy(Place place, std::size_t from, std::size_t size, std::byte *to) const noexcept;

    Arena *arena_;
};

} // namespace steward::core::cache
