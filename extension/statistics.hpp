// What the sessions of a server have measured together: the operations in shared memory.
#pragma once

#include "extension/shared.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "port/atomics.h"
}

namespace steward {

/// One operation. Its names never change once it is in use; numbers are added without a lock.
struct OperationSlot {
    char component[component_size];
    char operation[operation_size];
    std::array<pg_atomic_uint64, statuses> calls;
    pg_atomic_uint64 nanoseconds;
    std::array<pg_atomic_uint64, core::duration_buckets> buckets;
};

/// The slots follow it. The first one counts whatever came after the others were taken.
struct Statistics {
    pg_atomic_uint64 reset; ///< TimestampTz of the last reset
    pg_atomic_uint32 used;  ///< grows under the lock of the block
    std::uint32_t begun;    ///< of these by operation_begin, under the lock
    std::uint32_t room;     ///< how many slots there are, operation_slots at most

    OperationSlot *slots() noexcept { return reinterpret_cast<OperationSlot *>(this + 1); }
    const OperationSlot *slots() const noexcept { return reinterpret_cast<const OperationSlot *>(this + 1); }
};
static_assert(sizeof(Statistics) % alignof(OperationSlot) == 0);

/// The block to reserve when the library is preloaded. From now on it has room for all operation_slots.
SharedBlock &statistics_block() noexcept;

/// For another library that brings this file along: the block is as large as the preloaded one has made it.
void adopt_statistics_room();

/// Null if the server had no room for it.
Statistics *shared_statistics();

/// Measures such a share of the calls of this process, 0..1.
void set_sample_rate(double rate) noexcept;

/// Starts to measure in this process, if that has not happened yet.
void start_measurement();

/// An error context callback: remembers what went wrong, adds nothing to the message.
void note_error(void *);

/// The tally of an operation. `begun`: by operation_begin, which may take up only part of the slots.
Tally *find_tally(const char *component, const char *operation, bool begun);

} // namespace steward
