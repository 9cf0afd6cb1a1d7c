// The middles of lists: which list a vector belongs to, and which are nearest to a query.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/stop.hpp"
#include "core/vector/metric.hpp"

namespace steward::core {

/// Middles side by side, as many as there are lanes, and how near each is.
class Centroids {
  public:
    /// `middles` one after the other.
    Centroids(Metric metric, std::size_t dimensions, std::span<const float> middles);

    std::size_t size() const noexcept { return size_; }

    /// Where a vector is kept: the nearest, by the angle for the cosine, else by the length of the
    /// difference.
    std::size_t nearest(const float *vector) const noexcept;

    /// The same for vectors that follow one another, faster.
    void nearest_of(std::span<const float> vectors, std::uint32_t *lists) const noexcept;

    /// How near each is to a query, more is nearer: `nearness` has room for size() rounded up to lanes.
    void measure(const float *query, std::span<float> nearness) const noexcept;

    /// The same for four queries that follow one another, faster: `nearness` has four times the room.
    void measure_four(const float *queries, std::span<float> nearness) const noexcept;

    /// The `count` nearest to a query, the nearest first.
    void rank(const float *query, std::size_t count, std::vector<std::uint32_t> &lists) const;

  private:
    void subtract_half_squares(float *nearness, std::size_t block) const noexcept;

    Metric metric_;
    std::size_t dimensions_;
    std::size_t size_;
    std::vector<float> blocks_;
    std::vector<float> half_squares_; ///< half the square of each one's length; endless behind the last
};

/// Says of the vectors that middles are found among which middle each is nearest to: all the work of a step
/// that is worth sharing.
using Assign = std::function<void(std::span<const float> middles, std::span<std::uint32_t> groups)>;

/// Says it of vectors that follow one another, some at a time.
void assign(const Centroids &centroids, std::span<const float> vectors, std::size_t dimensions,
            std::uint32_t *groups, Stop stop = Stop{});

/// Middles of `count` groups of like vectors, by Lloyd's steps; directions have a length of 1. Groups that
/// lose all of their vectors take one of the largest. The same vectors and seed give the same middles on one
/// processor, whoever assigns: this process if nobody does. Source: Lloyd, "Least Squares Quantization in
/// PCM", 1982; Dhillon, Modha, Machine Learning 42, 2001 (cosine).
std::vector<float> find_centroids(Metric metric, std::span<const float> vectors, std::size_t dimensions,
                                  std::size_t count, int steps, std::uint64_t seed, Stop stop = Stop{},
                                  const Assign &assigner = {});

} // namespace steward::core
