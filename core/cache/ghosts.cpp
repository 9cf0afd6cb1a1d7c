#include "core/cache/ghosts.hpp"

#include <algorithm>

namespace steward::core::cache {

namespace {

constexpr std::size_t bucket_size = 8;

} // namespace

std::size_t Ghosts::slots_for(std::size_t most) noexcept {
    return std::max<std::size_t>(1, (most + most / 4) / bucket_size) * bucket_size;
}

std::span<Ghosts::Slot> Ghosts::bucket_of(std::uint32_t fingerprint) const noexcept {
    std::size_t const buckets = slots_.size() / bucket_size;
    std::uint64_t const spread = fingerprint * std::uint64_t{0x9e3779b97f4a7c15} >> 32;
    std::size_t const bucket = spread * buckets >> 32;
    return slots_.subspan(bucket * bucket_size, bucket_size);
}

void Ghosts::add(std::uint32_t fingerprint) noexcept {
    if (++added_ == 0)
        ++added_; // 0 is a slot that nobody has used
    std::span<Slot> const bucket = bucket_of(fingerprint);
    auto place = std::find_if(bucket.begin(), bucket.end(), [&](Slot const &slot) {
        return slot.fingerprint == fingerprint || !is_remembered(slot);
    });
    if (place == bucket.end())
        place = std::max_element(bucket.begin(), bucket.end(), [&](Slot const &a, Slot const &b) {
            return added_ - a.born < added_ - b.born;
        });
    *place = {fingerprint, added_};
}

bool Ghosts::take(std::uint32_t fingerprint) noexcept {
    for (Slot &slot : bucket_of(fingerprint))
        if (slot.fingerprint == fingerprint && is_remembered(slot)) {
            slot.born = 0;
            return true;
        }
    return false;
}

} // namespace steward::core::cache
