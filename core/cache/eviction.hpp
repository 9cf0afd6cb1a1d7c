// Which entry of a cache goes when room is needed.
#pragma once

#include "core/cache/ghosts.hpp"
#include "core/cache/queue.hpp"

namespace steward::core::cache {

/// S3-FIFO: two first-in-first-out lines. What is new comes into the small one and moves to the main one if
/// it was used again before it came to the end; otherwise it goes, and its key is remembered for a while: if
/// it comes back by then, it comes into the main line. In there, what was used goes round once more. A hit
/// moves nothing.
///
/// Source: Yang, Zhang, Qiu, Yue, Vigfusson, "FIFO queues are all you need for cache eviction", SOSP 2023.
/// Ours moves to the main line after one use, and the share of the small line can be changed at any time (see
/// Tuner).
///
/// One writer at a time; touch() may be called by any reader. Plain data beside the spans.
class Eviction {
  public:
    /// `nodes` are zero, one for each place that entries can have, `capacity` of them at most in use at once;
    /// `slots` are Ghosts::slots_for(capacity), zero too. Capacity at least 2.
    Eviction(std::span<Node> nodes, std::span<Ghosts::Slot> slots, std::size_t capacity) noexcept;

    /// Of the capacity, 0..1, for the small line; at least one place is left to each.
    void set_small_share(double share) noexcept;

    /// The entry was used.
    void touch(Place place) noexcept;
    /// An entry has come to this place, which is in no line and whose node bears the fingerprint of its key.
    void admit(Place place) noexcept;
    /// What stood in that line, used so often, comes back after all was lost.
    void readmit(Place place, Line line, std::uint8_t uses) noexcept;
    /// An entry has come instead of one with the same key: it is used, and its place in line stays.
    void replace(Place place, Place fresh) noexcept;
    /// An entry was deleted; nothing if it is in no line.
    void remove(Place place) noexcept;
    /// Takes the entry out that is to go. At least one is there.
    Place evict() noexcept;

    /// For another number of entries from now on; more than those may be there until they were evicted. What
    /// was remembered in the slots of before is forgotten.
    void resize(std::span<Ghosts::Slot> slots, std::size_t capacity) noexcept;

    std::size_t size() const noexcept { return small_.size() + main_.size(); }
    std::size_t capacity() const noexcept { return capacity_; }

  private:
    Place evict_from_main() noexcept;
    void enter(Line line, Place place) noexcept;
    void leave(Place place) noexcept;
    Queue &queue_of(Line line) noexcept { return line == Line::small ? small_ : main_; }

    std::span<Node> nodes_;
    Ghosts ghosts_;
    std::size_t capacity_;
    double small_share_ = 0.1;
    std::size_t most_small_ = 1;
    Queue small_;
    Queue main_;
};

} // namespace steward::core::cache
