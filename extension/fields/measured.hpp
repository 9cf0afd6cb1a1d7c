// What the sessions of a server have solved together, in shared memory.
#pragma once

#include "extension/shared.hpp"

extern "C" {
#include "port/atomics.h"
}

namespace steward::fields {

enum class Solver : std::uint8_t { cgl, kuramoto };
inline constexpr std::array<const char *, 2> solver_names{"cgl", "kuramoto"};

/// Upper bounds of the histogram of how long solving took, in seconds; the last bucket has none.
inline constexpr std::array bounds{0.001, 0.005, 0.01, 0.05, 0.1, 0.5};
/// So many sizes of each solver are told apart; those that come later are counted together.
inline constexpr std::size_t most_sizes = 32;

/// Numbers of one size: points along a side, or oscillators. They are added without a lock.
struct SizeNumbers {
    pg_atomic_uint32 size; ///< 0: the place is free, but the last one is for all others
    pg_atomic_uint64 solves;
    pg_atomic_uint64 steps;
    pg_atomic_uint64 nanoseconds;
    pg_atomic_uint64 newest_rate; ///< steps in 1000 s of the newest one
};

struct SolverNumbers {
    std::array<pg_atomic_uint64, bounds.size() + 1> buckets; ///< not cumulative
    pg_atomic_uint64 nanoseconds;
    std::array<SizeNumbers, most_sizes + 1> sizes;
};

using Numbers = std::array<SolverNumbers, solver_names.size()>;

/// Null if the server had no room for them.
Numbers *shared_numbers() noexcept;

/// Counts one that was solved. Raises no error.
void count_solved(Solver solver, std::size_t size, std::uint64_t steps, std::uint64_t nanoseconds) noexcept;

} // namespace steward::fields
