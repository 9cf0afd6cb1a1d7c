#include "core/vector/recall.hpp"

#include <algorithm>
#include <limits>

#include "core/vector/kernels.hpp"

namespace steward::core {

RecallMeter::RecallMeter(Metric metric, std::span<const float> queries, std::span<const std::uint64_t> ids,
                         std::size_t dimensions)
    : metric_(metric), dimensions_(dimensions), queries_(queries.begin(), queries.end()),
      ids_(ids.begin(), ids.end()), side_by_side_(metric, dimensions, queries),
      room_((ids.size() + lanes - 1) / lanes * lanes), nearness_(4 * room_),
      least_(ids.size(), -std::numeric_limits<float>::infinity()), found_(ids.size()) {
}

void RecallMeter::meet(std::span<const float> vectors, const std::uint32_t *lists, const std::uint64_t *ids) {
    std::size_t const count = vectors.size() / dimensions_;
    for (std::size_t i = 0; i < count;) {
        std::size_t const some = i + 4 <= count ? 4 : 1;
        const float *const first = vectors.data() + i * dimensions_;
        if (some == 4)
            side_by_side_.measure_four(first, nearness_);
        else
            side_by_side_.measure(first, nearness_);
        for (std::size_t j = 0; j < some; ++j, ++i) {
            const float *const vector = vectors.data() + i * dimensions_;
            meet_one(metric_ == Metric::l2 ? kernels().dot(vector, vector, dimensions_) / 2 : 0,
                     nearness_.data() + j * room_, lists[i], ids[i]);
        }
    }
}

/// `own` is half of the square of the vector's length, where that counts.
void RecallMeter::meet_one(float own, const float *nearness, std::uint32_t list, std::uint64_t id) {
    for (std::size_t i = 0; i < ids_.size(); ++i)
        if (nearness[i] - own > least_[i] && ids_[i] != id)
            meet_again(i, {nearness[i] - own, list});
}

void RecallMeter::meet_again(std::size_t query, Neighbour neighbour) {
    std::vector<Neighbour> &found = found_[query];
    if (!(neighbour.nearness > least_[query]))
        return;
    auto const at = std::ranges::find_if(
        found, [&](const Neighbour &other) { return other.nearness < neighbour.nearness; });
    found.insert(at, neighbour);
    if (found.size() > neighbours)
        found.pop_back();
    if (found.size() == neighbours)
        least_[query] = found.back().nearness;
}

std::vector<float> RecallMeter::probes(const Centroids &centroids, std::span<const float> shares,
                                       Stop stop) const {
    std::vector<std::size_t> with_rank(centroids.size()); // neighbours in the list of that rank
    std::size_t all = 0;
    std::vector<std::uint32_t> lists;
    std::vector<std::uint32_t> rank(centroids.size());
    for (std::size_t i = 0; i < ids_.size(); ++i) {
        stop();
        centroids.rank(queries_.data() + i * dimensions_, centroids.size(), lists);
        for (std::uint32_t j = 0; j < lists.size(); ++j)
            rank[lists[j]] = j;
        for (const Neighbour &neighbour : found_[i])
            ++with_rank[rank[neighbour.list]];
        all += found_[i].size();
    }
    std::vector<float> probes;
    for (float const share : shares) {
        float missing = share * static_cast<float>(all);
        std::size_t count = 0;
        while (count < with_rank.size() && missing >= static_cast<float>(with_rank[count]))
            missing -= static_cast<float>(with_rank[count++]);
        float const part = count < with_rank.size() ? missing / static_cast<float>(with_rank[count]) : 0;
        probes.push_back(std::max(static_cast<float>(count) + part, 1.0F));
    }
    return probes;
}

} // namespace steward::core
