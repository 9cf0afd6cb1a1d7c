#include "core/cache/queue.hpp"

namespace steward::core::cache {

void Queue::push(std::span<Node> nodes, Place place) noexcept {
    nodes[place].newer = nowhere;
    nodes[place].older = newest_;
    (newest_ == nowhere ? oldest_ : nodes[newest_].newer) = place;
    newest_ = place;
    ++size_;
}

void Queue::remove(std::span<Node> nodes, Place place) noexcept {
    Node const &node = nodes[place];
    (node.newer == nowhere ? newest_ : nodes[node.newer].older) = node.older;
    (node.older == nowhere ? oldest_ : nodes[node.older].newer) = node.newer;
    --size_;
}

void Queue::replace(std::span<Node> nodes, Place place, Place fresh) noexcept {
    Node const &node = nodes[place];
    nodes[fresh].newer = node.newer;
    nodes[fresh].older = node.older;
    (node.newer == nowhere ? newest_ : nodes[node.newer].older) = fresh;
    (node.older == nowhere ? oldest_ : nodes[node.older].newer) = fresh;
}

} // namespace steward::core::cache
