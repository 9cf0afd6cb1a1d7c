// Which rows there were, in little memory: what came since is what is there now, less that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>

namespace steward::core {

/// How many rows have each of the smallest hashes: all of few rows, a sample of many, which is the same
/// sample in each such count. Rows that are gone do no harm, and nothing has to say when a row came. Source:
/// Beyer et al., "On Synopses for Distinct-Value Estimation under Multiset Operations", SIGMOD 2007.
class RowSketch {
  public:
    /// Of `most` hashes, or more for a while.
    explicit RowSketch(std::size_t most = 32'768) : most_(most) {}

    /// \return how many rows with that hash were counted, this one included; 0 if it is beyond reach
    std::uint32_t add(std::uint64_t hash);

    std::uint32_t count(std::uint64_t hash) const;

    /// Rows with hashes up to this were all counted.
    std::uint64_t reach() const noexcept { return reach_; }

    /// As bytes, those of the smallest `most` hashes in ascending order.
    std::string serialize();
    /// Throws Error(invalid_argument) for what is none.
    static RowSketch deserialize(std::string_view bytes);

  private:
    void shrink();

    std::size_t most_;
    std::uint64_t reach_ = std::numeric_limits<std::uint64_t>::max();
    std::unordered_map<std::uint64_t, std::uint32_t> counts_;
};

} // namespace steward::core
