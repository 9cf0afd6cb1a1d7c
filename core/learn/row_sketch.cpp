#include "core/learn/row_sketch.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/error.hpp"

namespace steward::core {

namespace {

constexpr std::string_view magic = "steward sketch 1";
constexpr std::size_t bytes_per_hash = sizeof(std::uint64_t) + sizeof(std::uint32_t);

} // namespace

std::uint32_t RowSketch::add(std::uint64_t hash) {
    if (hash > reach_)
        return 0;
    std::uint32_t &count = counts_[hash];
    count += count < std::numeric_limits<std::uint32_t>::max() ? 1 : 0;
    std::uint32_t const now = count;
    if (counts_.size() >= 2 * most_)
        shrink();
    return hash > reach_ ? 0 : now;
}

std::uint32_t RowSketch::count(std::uint64_t hash) const {
    auto const found = counts_.find(hash);
    return found == counts_.end() ? 0 : found->second;
}

/// Every other round of `most` hashes, so that a row costs the same whether there are many or not.
void RowSketch::shrink() {
    if (counts_.size() <= most_)
        return;
    std::vector<std::uint64_t> hashes;
    hashes.reserve(counts_.size());
    for (const auto &[hash, count] : counts_)
        hashes.push_back(hash);
    auto const last = hashes.begin() + static_cast<std::ptrdiff_t>(most_ - 1);
    std::ranges::nth_element(hashes, last);
    reach_ = *last;
    std::erase_if(counts_, [&](const auto &counted) { return counted.first > reach_; });
}

std::string RowSketch::serialize() {
    shrink();
    std::vector<std::pair<std::uint64_t, std::uint32_t>> counted(counts_.begin(), counts_.end());
    std::ranges::sort(counted);
    std::string bytes(magic);
    bytes.append(reinterpret_cast<const char *>(&reach_), sizeof reach_);
    for (const auto &[hash, count] : counted) {
        bytes.append(reinterpret_cast<const char *>(&hash), sizeof hash);
        bytes.append(reinterpret_cast<const char *>(&count), sizeof count);
    }
    return bytes;
}

RowSketch RowSketch::deserialize(std::string_view bytes) {
    RowSketch sketch;
    std::size_t const head = magic.size() + sizeof sketch.reach_;
    if (!bytes.starts_with(magic) || bytes.size() < head || (bytes.size() - head) % bytes_per_hash != 0)
        throw Error(ErrorKind::invalid_argument, "these bytes are not a sketch of rows");
    std::memcpy(&sketch.reach_, bytes.data() + magic.size(), sizeof sketch.reach_);
    sketch.most_ = std::max(sketch.most_, (bytes.size() - head) / bytes_per_hash);
    for (std::size_t at = head; at < bytes.size(); at += bytes_per_hash) {
        std::uint64_t hash = 0;
        std::uint32_t count = 0;
        std::memcpy(&hash, bytes.data() + at, sizeof hash);
        std::memcpy(&count, bytes.data() + at + sizeof hash, sizeof count);
        sketch.counts_.insert_or_assign(hash, count);
    }
    return sketch;
}

} // namespace steward::core
