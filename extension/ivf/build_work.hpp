// What processes that make an index together share, and what each of them does: says which middles vectors of
// the sample are nearest to, step by step, and then gives rows to lists.
#pragma once

#include "core/vector/recall.hpp"

#include "extension/ivf/opened.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/relscan.h"
#include "port/atomics.h"
#include "storage/barrier.h"
#include "utils/tuplesort.h"
}

namespace steward::ivf {

enum class Task : int { assign, distribute };

/// The head of what is shared. The leader writes what has no lock, while the others wait at the barrier.
struct Work {
    Oid heap;
    Oid index;
    bool is_concurrent;
    int processes; ///< that take part, the leader with them
    int most_processes;
    std::size_t dimensions;
    std::size_t lists;    ///< at most
    std::size_t codebook; ///< floats of it, or 0
    std::size_t sampled;
    std::size_t queries;  ///< the first of the sample, by which recall is measured; 0 if it is not
    std::size_t training; ///< the next ones, among which middles are found
    Meta meta;            ///< of the grouping
    Task task;
    Barrier barrier;       ///< at which a task begins, and at which it ends
    pg_atomic_uint32 come; ///< processes that are at work
    ConditionVariable coming;
    pg_atomic_uint64 next;  ///< vector that nobody has taken
    pg_atomic_uint64 given; ///< vectors that have a list
};

/// Where the rest is: rooms behind one another.
struct Rooms {
    float *sample;
    std::uint64_t *ids;
    std::uint32_t *groups;
    float *middles;
    float *codebook;
    core::RecallMeter::Neighbour
        *neighbours; ///< found for each query by each process; -inf where there is none
};

/// Places of the rooms behind `begin`, which may be null -> how many bytes they take.
std::size_t lay_out(const Work &work, char *begin, Rooms &rooms) noexcept;

/// The keys of what is shared.
enum Part : std::uint64_t { part_work = 1, part_scan, part_sort, part_query, part_buffers, part_wal };

class Distributor;

/// A process at work.
class Worker {
  public:
    /// `number` is 0 for the leader.
    Worker(Work &work, const Rooms &rooms, int number, Relation heap, Relation index,
           ParallelTableScanDesc scan, Sharedsort *sort) noexcept
        : work_(work), rooms_(rooms), number_(number), heap_(heap), index_(index), scan_(scan), sort_(sort) {}

    /// Says which middles some vectors are nearest to, as long as there are any that nobody has taken.
    void assign();
    /// Gives rows to lists, as long as there are any, and sorts them.
    void distribute(const Opened &opened);
    /// As middles and codebook are now.
    Opened opened() const;

  private:
    std::uint64_t give(const Opened &opened, Distributor &distributor);
    void leave_found(const core::RecallMeter *meter);

    Work &work_;
    Rooms rooms_;
    int number_;
    Relation heap_;
    Relation index_;
    ParallelTableScanDesc scan_;
    Sharedsort *sort_;
};

/// Until all that take part are there.
void meet(Work &work);

} // namespace steward::ivf
