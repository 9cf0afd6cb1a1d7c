#include "core/vector/centroids.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/hash.hpp"
#include "core/vector/kernels.hpp"

namespace steward::core {

namespace {

constexpr std::size_t vectors_per_stop = 64;

std::size_t blocks_of(std::size_t count) noexcept {
    return (count + lanes - 1) / lanes;
}

/// Which group each vector is in, and the sums of groups.
struct Assigned {
    std::vector<std::uint32_t> groups;
    std::vector<float> sums;
    std::vector<std::uint32_t> sizes;
};

Assigned assign(const Centroids &centroids, std::span<const float> vectors, std::size_t dimensions,
                Stop stop) {
    std::size_t const count = vectors.size() / dimensions;
    Assigned assigned{std::vector<std::uint32_t>(count), std::vector<float>(centroids.size() * dimensions),
                      std::vector<std::uint32_t>(centroids.size())};
    for (std::size_t i = 0; i < count; ++i) {
        if (i % vectors_per_stop == 0)
            stop();
        const float *const vector = vectors.data() + i * dimensions;
        std::size_t const group = centroids.nearest(vector);
        assigned.groups[i] = static_cast<std::uint32_t>(group);
        ++assigned.sizes[group];
        float *const sum = assigned.sums.data() + group * dimensions;
        for (std::size_t j = 0; j < dimensions; ++j)
            sum[j] += vector[j];
    }
    return assigned;
}

/// A vector at random of the largest group, which then counts as half as large.
std::size_t vector_of_largest(Assigned &assigned, std::uint64_t &random) {
    auto const largest =
        static_cast<std::uint32_t>(std::ranges::max_element(assigned.sizes) - assigned.sizes.begin());
    assigned.sizes[largest] /= 2;
    std::size_t const start = mix_hash(++random) % assigned.groups.size();
    for (std::size_t i = 0; i < assigned.groups.size(); ++i)
        if (std::size_t const at = (start + i) % assigned.groups.size(); assigned.groups[at] == largest)
            return at;
    return start;
}

void move_middles(Metric metric, std::span<const float> vectors, std::size_t dimensions, Assigned &assigned,
                  std::vector<float> &middles, std::uint64_t &random) {
    for (std::size_t group = 0; group < assigned.sizes.size(); ++group) {
        float *const middle = middles.data() + group * dimensions;
        if (assigned.sizes[group] == 0) {
            std::copy_n(vectors.data() + vector_of_largest(assigned, random) * dimensions, dimensions,
                        middle);
        } else {
            auto const size = static_cast<float>(assigned.sizes[group]);
            for (std::size_t i = 0; i < dimensions; ++i)
                middle[i] = assigned.sums[group * dimensions + i] / size;
        }
        if (metric == Metric::cosine)
            normalize(middle, dimensions);
    }
}

} // namespace

Centroids::Centroids(Metric metric, std::size_t dimensions, std::span<const float> middles)
    : metric_(metric), dimensions_(dimensions), size_(middles.size() / dimensions),
      blocks_(blocks_of(size_) * lanes * dimensions),
      half_squares_(blocks_of(size_) * lanes, std::numeric_limits<float>::infinity()) {
    for (std::size_t i = 0; i < size_; ++i) {
        const float *const middle = middles.data() + i * dimensions;
        float *const block = blocks_.data() + i / lanes * lanes * dimensions;
        for (std::size_t j = 0; j < dimensions; ++j)
            block[j * lanes + i % lanes] = middle[j];
        half_squares_[i] = metric == Metric::cosine ? 0 : kernels().dot(middle, middle, dimensions) / 2;
    }
}

std::size_t Centroids::nearest(const float *vector) const noexcept {
    std::size_t best = 0;
    float most = -std::numeric_limits<float>::infinity();
    float products[lanes];
    for (std::size_t i = 0; i < half_squares_.size(); i += lanes) {
        kernels().dot_block(vector, blocks_.data() + i * dimensions_, dimensions_, products);
        for (std::size_t lane = 0; lane < lanes; ++lane)
            if (float const near = products[lane] - half_squares_[i + lane]; near > most) {
                most = near;
                best = i + lane;
            }
    }
    return best;
}

void Centroids::measure(const float *query, std::span<float> nearness) const noexcept {
    for (std::size_t i = 0; i < half_squares_.size(); i += lanes) {
        kernels().dot_block(query, blocks_.data() + i * dimensions_, dimensions_, nearness.data() + i);
        if (metric_ == Metric::l2)
            for (std::size_t lane = i; lane < i + lanes; ++lane)
                nearness[lane] -= half_squares_[lane];
    }
}

void Centroids::rank(const float *query, std::size_t count, std::vector<std::uint32_t> &lists) const {
    std::vector<float> nearness(half_squares_.size());
    measure(query, nearness);
    lists.resize(size_);
    std::iota(lists.begin(), lists.end(), 0U);
    count = std::min(count, size_);
    auto const nearer = [&](std::uint32_t a, std::uint32_t b) {
        return nearness[a] != nearness[b] ? nearness[a] > nearness[b] : a < b;
    };
    auto const end = lists.begin() + static_cast<std::ptrdiff_t>(count);
    if (count < size_)
        std::nth_element(lists.begin(), end, lists.end(), nearer);
    lists.resize(count);
    std::ranges::sort(lists, nearer);
}

std::vector<float> find_centroids(Metric metric, std::span<const float> vectors, std::size_t dimensions,
                                  std::size_t count, int steps, std::uint64_t seed, Stop stop) {
    std::size_t const available = vectors.size() / dimensions;
    count = std::min(count, available);
    std::uint64_t random = mix_hash(seed + 1);
    std::vector<std::uint32_t> order(available);
    std::iota(order.begin(), order.end(), 0U);
    std::vector<float> middles(count * dimensions);
    for (std::size_t i = 0; i < count; ++i) {
        std::swap(order[i], order[i + mix_hash(++random) % (available - i)]);
        std::copy_n(vectors.data() + order[i] * dimensions, dimensions, middles.data() + i * dimensions);
    }
    for (int step = 0; step < steps && count > 1; ++step) {
        Assigned assigned = assign(Centroids(metric, dimensions, middles), vectors, dimensions, stop);
        move_middles(metric, vectors, dimensions, assigned, middles, random);
    }
    return middles;
}

} // namespace steward::core
