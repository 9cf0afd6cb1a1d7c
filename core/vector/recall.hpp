// In how many lists the neighbours of a query are: measured while an index is made.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/vector/centroids.hpp"

namespace steward::core {

/// The nearest neighbours of some queries among all vectors that it meets, and the lists that they are in.
class RecallMeter {
  public:
    static constexpr std::size_t neighbours = 10;

    struct Neighbour {
        float nearness;
        std::uint32_t list;
    };

    /// `ids` are those of the vectors that the queries are: none is its own neighbour.
    RecallMeter(Metric metric, std::span<const float> queries, std::span<const std::uint64_t> ids,
                std::size_t dimensions);

    /// Vectors that follow one another, their lists and ids.
    void meet(std::span<const float> vectors, const std::uint32_t *lists, const std::uint64_t *ids);

    /// A neighbour of a query that another meter has found among vectors that this one did not meet.
    void meet_again(std::size_t query, Neighbour neighbour);

    /// Those of a query, the nearest first.
    std::span<const Neighbour> found(std::size_t query) const noexcept { return found_[query]; }

    /// How many of the lists nearest to a query have such a share of its neighbours, for each share. A
    /// fraction is that of the queries that look into one more.
    std::vector<float> probes(const Centroids &centroids, std::span<const float> shares,
                              Stop stop = Stop{}) const;

  private:
    void meet_one(float own, const float *nearness, std::uint32_t list, std::uint64_t id);

    Metric metric_;
    std::size_t dimensions_;
    std::vector<float> queries_;
    std::vector<std::uint64_t> ids_;
    Centroids side_by_side_; ///< the queries
    std::size_t room_;       ///< for the nearness to all of them
    std::vector<float> nearness_;
    std::vector<float> least_;                  ///< that is better than the worst found, of each query
    std::vector<std::vector<Neighbour>> found_; ///< of each query, the nearest first
};

} // namespace steward::core
