#include "core/cache/pool.hpp"

#include <cstring>
#include <memory>

namespace steward::core::cache {

namespace {

/// Hands out pieces of a block of zero bytes; with no block it only counts.
class Carver {
  public:
    explicit Carver(std::byte *memory) noexcept : memory_(memory) {}

    template <class T> std::span<T> take(std::size_t count) noexcept {
        auto *const first = reinterpret_cast<T *>(memory_ == nullptr ? nullptr : memory_ + used_);
        used_ += (count * sizeof(T) + Arena::cell_size - 1) / Arena::cell_size * Arena::cell_size;
        return {first, first == nullptr ? 0 : count};
    }
    Directory::Memory take_directory(std::size_t capacity) noexcept {
        std::size_t const keys = Tuner::keys_for(capacity);
        return {take<Node>(keys), take<Ghosts::Slot>(Ghosts::slots_for(keys)),
                take<Place>(Tuner::heads_for(capacity)), take<Place>(keys)};
    }
    std::size_t used() const noexcept { return used_; }

  private:
    std::byte *memory_;
    std::size_t used_ = 0;
};

std::size_t tuner_size(std::size_t capacity) noexcept {
    Carver counter(nullptr);
    counter.take_directory(capacity);
    return 2 * counter.used();
}

} // namespace

/// The ghosts and the tuner in one block, or fewer ghosts, or the eight that a pool has of its own.
void Pool::furnish(Arena &arena, std::size_t entries) noexcept {
    std::size_t ghosts = Ghosts::slots_for(entries);
    std::size_t const tuner = tuner_size(entries);
    memory_ = arena.take_aside(ghosts * sizeof(Ghosts::Slot) + Arena::cell_size + tuner);
    bool const is_tuned = memory_ != nowhere;
    while (memory_ == nowhere && ghosts > least_ghosts_.size()) {
        ghosts = Ghosts::slots_for(ghosts / 3); // about half as many, in whole buckets
        memory_ = arena.take_aside(ghosts * sizeof(Ghosts::Slot));
    }
    std::span<Ghosts::Slot> slots = least_ghosts_;
    std::byte *const memory = memory_ == nowhere ? nullptr : arena.at(memory_);
    Carver carver(memory);
    if (memory != nullptr) {
        std::memset(memory, 0, arena.room(memory_));
        slots = carver.take<Ghosts::Slot>(ghosts);
    }
    if (policy_)
        policy_->eviction.resize(slots, entries);
    else
        policy_.emplace(Policy{Eviction(arena.nodes(), slots, entries), std::nullopt});
    policy_->tuner.reset();
    if (is_tuned) {
        std::array const directories{carver.take_directory(entries), carver.take_directory(entries)};
        policy_->tuner.emplace(directories, entries);
    }
}

void Pool::set_limits(Arena &arena, const Limits &limits) noexcept {
    if (policy_ && limits.entries == limits_.entries) {
        limits_ = limits;
        return;
    }
    if (memory_ != nowhere)
        arena.give_back_aside(memory_);
    limits_ = limits;
    furnish(arena, limits.entries);
}

void Pool::close(Arena &arena) noexcept {
    if (memory_ != nowhere)
        arena.give_back_aside(memory_);
    std::uint32_t const generation = this->generation();
    std::destroy_at(this);
    std::construct_at(this);
    generation_ = generation + 1; // whoever still computes for the pool that was must not put into another
}

void Pool::observe(std::uint64_t hash) noexcept {
    if (!wants(hash))
        return;
    if (auto const share = policy_->tuner->observe(hash))
        policy_->eviction.set_small_share(*share);
}

void Pool::admit(Place place, std::size_t bytes) noexcept {
    policy_->eviction.admit(place);
    add(bytes);
}

void Pool::readmit(Place place, std::size_t bytes, Line line, std::uint8_t uses) noexcept {
    policy_->eviction.readmit(place, line, uses);
    add(bytes);
}

void Pool::replace(Place place, std::size_t bytes, Place fresh, std::size_t fresh_bytes) noexcept {
    policy_->eviction.replace(place, fresh);
    add(fresh_bytes - bytes);
}

void Pool::remove(Place place, std::size_t bytes, Cause cause) noexcept {
    policy_->eviction.remove(place);
    left_for(cause, bytes);
}

std::optional<Cause> Pool::is_full(std::size_t more, std::size_t bytes) const noexcept {
    if (size() > 0 && size() + more > limits_.entries)
        return Cause::entries;
    if (size() > 0 && this->bytes() + bytes > limits_.bytes)
        return Cause::bytes;
    return std::nullopt;
}

void Pool::left_for(Cause cause, std::size_t bytes) noexcept {
    subtract(bytes);
    ++left_[static_cast<std::size_t>(cause)];
}

} // namespace steward::core::cache
