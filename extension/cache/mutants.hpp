// Orders of doing things that are wrong, each built on purpose for a test that has to find it
// (STEWARD_MUTANTS=all tools/check 79-cache-staleness 79-cache-tiers). None is part of what is installed.
#pragma once

namespace steward::cache {

enum class Mutant {
    none,
    change_at_call,      ///< a change counts when it is made, not when it can be seen
    change_after_commit, ///< or when it can be seen already
    set_without_rule,    ///< a value may have been computed before a change that others see
    stamps_after_value,  ///< the generations are those of after the computation
    ignore_pending,      ///< a change that is about to be seen is none
    ignore_prepared,     ///< nor is one that was prepared
    ignore_old_snapshot, ///< who keeps a snapshot finds what came after it
    ignore_own_changes,  ///< a transaction finds what was before its own changes
    publish_at_call,     ///< a value is seen before the transaction that it is part of has committed
    // Of the tiers below the memory:
    clean_at_call,    //< a value is clean before the transaction has committed that writes it
    saved_after_read, //< the time of a row is that of after its value was read
    promote_always,   //< what was found below comes up, whatever has happened since
    lose_silently,    //< what lies below a dirty value that is lost is good again
    look_below_dead,  //< what has ended in memory is looked for below
    outdate_too_soon, //< what a delete finds below is out of date before the memory has nothing
    archive_first,    //< what is in the archive goes before its successor is in the table
    look_apart,       //< what a pattern fits is looked for in the archive and then in the table
};

#ifdef STEWARD_MUTANT
inline constexpr Mutant mutant = Mutant::STEWARD_MUTANT;
#else
inline constexpr Mutant mutant = Mutant::none;
#endif

} // namespace steward::cache
