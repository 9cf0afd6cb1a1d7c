#include "core/cache/tuner.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace steward::core::cache {

namespace {

/// By so much one has to be better, or the two would take turns where there is nothing between them.
constexpr double clearly = 1.002;

} // namespace

Directory::Directory(Memory memory, double small_share) noexcept
    : nodes_(memory.nodes), heads_(memory.heads), chains_(memory.chains),
      eviction_(memory.nodes, memory.slots, memory.nodes.size()) {
    std::fill(heads_.begin(), heads_.end(), nowhere);
    eviction_.set_small_share(small_share);
}

Place Directory::find(std::uint32_t fingerprint) noexcept {
    Place place = head_of(fingerprint);
    while (place != nowhere && nodes_[place].fingerprint != fingerprint)
        place = chains_[place];
    return place;
}

void Directory::unchain(Place place) noexcept {
    Place *link = &head_of(nodes_[place].fingerprint);
    while (*link != place)
        link = &chains_[*link];
    *link = chains_[place];
}

bool Directory::ask(std::uint32_t fingerprint) noexcept {
    Place place = find(fingerprint);
    if (place != nowhere) {
        eviction_.touch(place);
        return true;
    }
    if (eviction_.size() < eviction_.capacity()) {
        place = static_cast<Place>(eviction_.size()); // nothing is ever deleted: the first ones are in use
    } else {
        place = eviction_.evict();
        unchain(place);
    }
    nodes_[place].fingerprint = fingerprint;
    eviction_.admit(place);
    chains_[place] = std::exchange(head_of(fingerprint), place);
    return false;
}

std::size_t Tuner::sample_of(std::size_t capacity) noexcept {
    return capacity < 2000 ? 1 : capacity < 20000 ? 4 : capacity < 50000 ? 16 : 64;
}

std::size_t Tuner::keys_for(std::size_t capacity) noexcept {
    return std::max<std::size_t>(8, capacity / sample_of(capacity));
}

std::size_t Tuner::heads_for(std::size_t capacity) noexcept {
    return std::bit_ceil(keys_for(capacity));
}

Tuner::Tuner(std::array<Directory::Memory, 2> memory, std::size_t capacity) noexcept
    : directories_{Directory(memory[0], shares[0]), Directory(memory[1], shares[1])},
      sample_(sample_of(capacity)), period_(std::max<std::size_t>(2000, 5 * keys_for(capacity))) {
}

std::optional<double> Tuner::observe(std::uint64_t hash) noexcept {
    for (std::size_t i = 0; i < directories_.size(); ++i)
        hits_[i] += directories_[i].ask(static_cast<std::uint32_t>(hash)) ? 1 : 0;
    return ++seen_ % period_ == 0 ? choose() : std::nullopt;
}

std::optional<double> Tuner::choose() noexcept {
    std::size_t const other = 1 - chosen_;
    bool const is_better = hits_[other] > hits_[chosen_] * clearly;
    for (double &hits : hits_)
        hits /= 2;
    if (!is_better)
        return std::nullopt;
    chosen_ = other;
    return shares[chosen_];
}

} // namespace steward::core::cache
