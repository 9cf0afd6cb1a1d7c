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

/// The nearest of all blocks, lane by lane.
struct Nearest {
    float most[lanes];
    std::uint32_t first[lanes] = {};

    Nearest() noexcept { std::fill_n(most, lanes, -std::numeric_limits<float>::infinity()); }
    void keep(const float *products, const float *less, std::size_t block) noexcept {
        kernels().keep_nearest(products, less, static_cast<std::uint32_t>(block), most, first);
    }
    std::uint32_t list() const noexcept {
        auto const lane = static_cast<std::uint32_t>(std::max_element(most, most + lanes) - most);
        return first[lane] + lane;
    }
};

/// Which group each vector is in, and the sums of groups.
struct Assigned {
    std::vector<std::uint32_t> groups;
    std::vector<float> sums;
    std::vector<std::uint32_t> sizes;
};

/// Of vectors whose groups are known.
Assigned add_up(std::vector<std::uint32_t> groups, std::span<const float> vectors, std::size_t dimensions,
                std::size_t count) {
    Assigned assigned{std::move(groups), std::vector<float>(count * dimensions),
                      std::vector<std::uint32_t>(count)};
    for (std::size_t i = 0; i < assigned.groups.size(); ++i) {
        const float *const vector = vectors.data() + i * dimensions;
        std::size_t const group = assigned.groups[i];
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
                  std::vector<float> &middles, std::uint64_t &random, Stop stop) {
    for (std::size_t group = 0; group < assigned.sizes.size(); ++group) {
        stop();
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
    Nearest nearest;
    float products[lanes];
    for (std::size_t i = 0; i < half_squares_.size(); i += lanes) {
        kernels().dot_block(vector, blocks_.data() + i * dimensions_, dimensions_, products);
        nearest.keep(products, half_squares_.data() + i, i);
    }
    return nearest.list();
}

void Centroids::nearest_of(std::span<const float> vectors, std::uint32_t *lists) const noexcept {
    std::size_t const count = vectors.size() / dimensions_;
    std::size_t at = 0;
    for (; at + 4 <= count; at += 4) {
        Nearest nearest[4];
        for (std::size_t i = 0; i < half_squares_.size(); i += lanes) {
            float products[4 * lanes];
            kernels().dot_block4(vectors.data() + at * dimensions_, blocks_.data() + i * dimensions_,
                                 dimensions_, products);
            for (std::size_t j = 0; j < 4; ++j)
                nearest[j].keep(products + j * lanes, half_squares_.data() + i, i);
        }
        for (std::size_t j = 0; j < 4; ++j)
            lists[at + j] = nearest[j].list();
    }
    for (; at < count; ++at)
        lists[at] = static_cast<std::uint32_t>(nearest(vectors.data() + at * dimensions_));
}

void Centroids::subtract_half_squares(float *nearness, std::size_t block) const noexcept {
    if (metric_ == Metric::l2)
        for (std::size_t lane = 0; lane < lanes; ++lane)
            nearness[lane] -= half_squares_[block + lane];
}

void Centroids::measure(const float *query, std::span<float> nearness) const noexcept {
    for (std::size_t i = 0; i < half_squares_.size(); i += lanes) {
        kernels().dot_block(query, blocks_.data() + i * dimensions_, dimensions_, nearness.data() + i);
        subtract_half_squares(nearness.data() + i, i);
    }
}

void Centroids::measure_four(const float *queries, std::span<float> nearness) const noexcept {
    std::size_t const room = half_squares_.size();
    for (std::size_t i = 0; i < room; i += lanes) {
        float products[4 * lanes];
        kernels().dot_block4(queries, blocks_.data() + i * dimensions_, dimensions_, products);
        for (std::size_t j = 0; j < 4; ++j) {
            subtract_half_squares(products + j * lanes, i);
            std::copy_n(products + j * lanes, lanes, nearness.data() + j * room + i);
        }
    }
}

void Centroids::rank(const float *query, std::size_t count, std::vector<std::uint32_t> &lists) const {
    struct Near {
        float nearness;
        std::uint32_t list;
    };
    std::vector<float> nearness(half_squares_.size());
    measure(query, nearness);
    std::vector<Near> all(size_);
    for (std::uint32_t list = 0; list < size_; ++list)
        all[list] = {nearness[list], list};
    auto const nearer = [](const Near &a, const Near &b) {
        return a.nearness != b.nearness ? a.nearness > b.nearness : a.list < b.list;
    };
    auto const end = all.begin() + static_cast<std::ptrdiff_t>(std::min(count, size_));
    if (end != all.end())
        std::nth_element(all.begin(), end, all.end(), nearer);
    std::sort(all.begin(), end, nearer);
    lists.clear();
    for (auto each = all.begin(); each != end; ++each)
        lists.push_back(each->list);
}

void assign(const Centroids &centroids, std::span<const float> vectors, std::size_t dimensions,
            std::uint32_t *groups, Stop stop) {
    std::size_t const count = vectors.size() / dimensions;
    for (std::size_t i = 0; i < count; i += vectors_per_stop) {
        stop();
        std::size_t const some = std::min(vectors_per_stop, count - i);
        centroids.nearest_of(vectors.subspan(i * dimensions, some * dimensions), groups + i);
    }
}

std::vector<float> find_centroids(Metric metric, std::span<const float> vectors, std::size_t dimensions,
                                  std::size_t count, int steps, std::uint64_t seed, Stop stop,
                                  const Assign &assigner) {
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
        std::vector<std::uint32_t> groups(available);
        if (assigner)
            assigner(middles, groups);
        else
            assign(Centroids(metric, dimensions, middles), vectors, dimensions, groups.data(), stop);
        Assigned assigned = add_up(std::move(groups), vectors, dimensions, count);
        move_middles(metric, vectors, dimensions, assigned, middles, random, stop);
    }
    return middles;
}

} // namespace steward::core
