// What a value depends on, and whether that has changed: 65,536 counters that all sessions share.
#pragma once

#include "extension/cache/memory.hpp"

namespace steward::cache {

/// A tag is a table, a row of it, a namespace, a key or a word of the user. Tags that fall on one slot share
/// its changes, which costs a computation at times and is never wrong.
using Slot = std::uint16_t;
inline constexpr std::size_t tag_slots = 65536;

enum class TagKind : char { space = 'n', key = 'k', table = 't', bulk = 'b', row = 'r', word = 'u' };

/// The changes of what a slot stands for.
struct TagSlot {
    std::atomic<std::uint32_t> generation; ///< counts them, each just before its transaction commits
    std::atomic<std::uint32_t> pending;    ///< of these, those whose transactions may not be seen yet
    std::atomic<TimestampTz>
        completed; ///< when the last of these could be seen; never earlier than one before it
    std::atomic<std::uint64_t> prepared; ///< the newest transaction that was prepared after a change
};
TagSlot &tag_slot(Slot slot) noexcept;
/// What is known of transactions that were prepared.
struct PreparedTransactions {
    std::atomic<std::uint64_t>
        before_start; ///< all from before the start of the server are older; 0 while nobody knows
    std::atomic<std::uint32_t> ending; ///< are being committed or rolled back
    std::atomic<TimestampTz> ended;    ///< when the last of them was
};
PreparedTransactions &prepared_transactions() noexcept;

/// `owner` is the table, if it is a tag of one.
Slot slot_of(TagKind kind, std::uint64_t owner, std::string_view name = {},
             Oid database = MyDatabaseId) noexcept;

/// What an entry keeps of a tag. As many fit into an entry as `most_tags`.
struct Stamp {
    std::uint32_t generation;
    Slot slot;
    std::uint16_t unused;
};
inline constexpr std::size_t most_tags = 16;

class Stamps {
  public:
    /// Raises 54000 when there are too many.
    void add(Slot slot);
    std::span<Stamp> all() noexcept { return {stamps_, count_}; }
    std::span<const Stamp> all() const noexcept { return {stamps_, count_}; }
    bool has(Slot slot) const noexcept;
    /// Those of an entry, instead of what is here.
    void read(const core::Entries &entries, core::Place place) noexcept;

    /// Notes the generations as they are, for a value that is computed from what can be seen from now on.
    /// False if a change is about to be seen: such a value may be of before or of after it.
    bool take() noexcept;
    /// Whether nothing has changed since.
    bool hold() const noexcept;
    /// Whether whoever computes with the active snapshot sees all changes of prepared transactions, or none
    /// of those will come.
    bool prepared_are_seen() const;
    /// Whether all changes, those of prepared transactions too, could be seen when the present transaction
    /// began: whichever of its snapshots a value was computed with.
    bool are_older_than_transaction() const;

    std::span<const std::byte> bytes() const noexcept { return std::as_bytes(all()); }

  private:
    std::size_t count_ = 0;
    Stamp stamps_[most_tags];
};

/// A transaction that changes slots: counted before it commits, completed once it can be seen, or else
/// withdrawn.
void begin_change(Slot slot) noexcept;
void complete_change(Slot slot) noexcept;
void withdraw_change(Slot slot) noexcept;
/// Its commit comes later, perhaps from another session, perhaps after a restart.
void prepare_change(Slot slot, std::uint64_t transaction) noexcept;
/// What was prepared before the server has started counts for every slot. Called before the first use.
void note_prepared_before_start();
/// Lives while a prepared transaction is committed or rolled back.
class EndOfPrepared {
  public:
    EndOfPrepared() noexcept;
    ~EndOfPrepared();
    EndOfPrepared(const EndOfPrepared &) = delete;
    EndOfPrepared &operator=(const EndOfPrepared &) = delete;
};

} // namespace steward::cache
