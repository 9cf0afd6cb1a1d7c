#include "core/cache/eviction.hpp"

#include <algorithm>
#include <atomic>

namespace steward::core::cache {

namespace {

constexpr std::uint8_t most_uses = 3;

std::uint8_t uses_of(Node &node) noexcept {
    return std::atomic_ref(node.uses).load(std::memory_order_relaxed);
}

void set_uses(Node &node, std::uint8_t uses) noexcept {
    std::atomic_ref(node.uses).store(uses, std::memory_order_relaxed);
}

} // namespace

Eviction::Eviction(std::span<Node> nodes, std::span<Ghosts::Slot> slots, std::size_t capacity) noexcept
    : nodes_(nodes), ghosts_(slots), capacity_(capacity) {
    set_small_share(small_share_);
}

void Eviction::resize(std::span<Ghosts::Slot> slots, std::size_t capacity) noexcept {
    ghosts_ = Ghosts(slots);
    capacity_ = capacity;
    set_small_share(small_share_);
}

void Eviction::set_small_share(double share) noexcept {
    small_share_ = share;
    auto const wanted = static_cast<std::size_t>(static_cast<double>(capacity_) * share);
    most_small_ = std::clamp<std::size_t>(wanted, 1, capacity_ - 1);
    ghosts_.keep(capacity_ - most_small_);
}

void Eviction::touch(Place place) noexcept {
    // Two readers may count as one: it is a hint, and no reader waits for another.
    std::uint8_t const so_far = uses_of(nodes_[place]);
    if (so_far < most_uses)
        set_uses(nodes_[place], so_far + 1);
}

void Eviction::admit(Place place) noexcept {
    enter(ghosts_.take(nodes_[place].fingerprint) ? Line::main : Line::small, place);
}

void Eviction::readmit(Place place, Line line, std::uint8_t uses) noexcept {
    enter(line == Line::main ? Line::main : Line::small, place);
    set_uses(nodes_[place], std::min(uses, most_uses));
}

void Eviction::replace(Place place, Place fresh) noexcept {
    Node &node = nodes_[place];
    set_uses(nodes_[fresh], uses_of(node));
    nodes_[fresh].line = node.line;
    queue_of(node.line).replace(nodes_, place, fresh);
    node.line = Line::none;
    touch(fresh);
}

void Eviction::remove(Place place) noexcept {
    if (nodes_[place].line != Line::none)
        leave(place);
}

Place Eviction::evict() noexcept {
    while (small_.size() > 0 && (small_.size() >= most_small_ || main_.size() == 0)) {
        Place const place = small_.oldest();
        bool const was_used = uses_of(nodes_[place]) > 0;
        leave(place);
        if (!was_used) {
            ghosts_.add(nodes_[place].fingerprint);
            return place;
        }
        enter(Line::main, place);
        if (main_.size() > capacity_ - most_small_)
            return evict_from_main();
    }
    return evict_from_main();
}

/// Ends, because each round takes a use away.
Place Eviction::evict_from_main() noexcept {
    for (;;) {
        Place const place = main_.oldest();
        std::uint8_t const uses = uses_of(nodes_[place]);
        leave(place);
        if (uses == 0)
            return place;
        enter(Line::main, place);
        set_uses(nodes_[place], uses - 1);
    }
}

void Eviction::enter(Line line, Place place) noexcept {
    set_uses(nodes_[place], 0);
    nodes_[place].line = line;
    queue_of(line).push(nodes_, place);
}

void Eviction::leave(Place place) noexcept {
    queue_of(nodes_[place].line).remove(nodes_, place);
    nodes_[place].line = Line::none;
}

} // namespace steward::core::cache
