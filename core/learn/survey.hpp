// What there is to know of rows before anything is learnt from them.
#pragma once

#include <vector>

#include "core/learn/model.hpp"

namespace steward::core {

struct Survey {
    std::vector<double> shares; ///< of rows of which each head is true
    std::vector<NumberScale> scales;
    std::vector<float> energy; ///< of each place, the sum of the squares of its values, if scaled
    std::size_t rows = 0;
};

/// Goes once through the rows.
Survey survey(Examples &rows, std::size_t heads, Stop stop = Stop{});

} // namespace steward::core
