// Ways to refresh a summary that are wrong, each built on purpose for a test that has to find it
// (STEWARD_MUTANTS=all tools/check 79-summary-oracle). None is part of what is installed.
#pragma once

namespace steward::summary {

enum class Mutant {
    none,
    cursor,          ///< changes are those of transactions that began to write after the last refresh
    watermark,       ///< changes are those that were noted after the last refresh
    recompute_first, ///< changes are taken after the rows were computed
    two_refreshers,  ///< several sessions refresh at once
    no_expiry,       ///< nothing changes by the clock alone
    count_undone,    ///< what was rolled back to a savepoint counts
    lose_outer,      ///< what was written after a savepoint is not written again when that is rolled back
};

#ifdef STEWARD_SUMMARY_MUTANT
inline constexpr Mutant mutant = Mutant::STEWARD_SUMMARY_MUTANT;
#else
inline constexpr Mutant mutant = Mutant::none;
#endif

} // namespace steward::summary
