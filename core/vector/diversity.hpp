// Some of the nearest that are not all alike.
#pragma once

#include <span>
#include <vector>

#include "core/stop.hpp"

namespace steward::core {

/// A vector that was chosen, and what it was worth then.
struct Chosen {
    std::size_t number;
    double score;
};

/// Chooses vectors one by one: each time the one with the largest (1 - diversity) * likeness to the query
/// less diversity * the most that it is like one of those chosen, 0 at the least. Likeness is the cosine;
/// what has no direction is like nothing. `vectors` one after the other, as wide as the query. Source:
/// Carbonell, Goldstein, "The Use of MMR, Diversity-Based Reranking", SIGIR 1998.
std::vector<Chosen> choose_diverse(std::span<const float> query, std::span<const float> vectors,
                                   std::size_t count, double diversity, Stop stop = Stop{});

} // namespace steward::core
