// The leader's hold of processes that make an index together.
#pragma once

#include <optional>

#include "extension/ivf/build_work.hpp"
#include "extension/ivf/grouping.hpp"

extern "C" {
#include "nodes/execnodes.h"
#include "utils/snapshot.h"
}

namespace steward::ivf {

/// Workers, as many as the server gives for the table, with the leader among them. An error ends them with
/// the transaction.
class Team {
  public:
    /// Nothing where nobody helps. The sample moves to where all see it.
    static std::optional<Team> gather(Relation heap, Relation index, const IndexInfo *info, Sample &sample,
                                      const Meta &meta, std::size_t lists);

    /// Who says which middles vectors are nearest to.
    core::Assign assigner();

    /// Each gives its rows to lists -> how many there are. `meter` meets what theirs have met.
    std::uint64_t distribute(const Opened &opened, std::span<const float> middles, core::RecallMeter *meter);

    /// The part of the leader in the sort of what they have distributed.
    SortCoordinate sorted() noexcept { return &sorted_; }

    /// They have gone. Nothing of the sample or the sort is there any more.
    void dismiss();

  private:
    Team() = default;

    /// Whether anybody has come. Plain C.
    bool launch(const Work &plan, std::size_t rooms);
    void run(Task task, const Opened *opened);
    void let_go();

    ParallelContext *context_ = nullptr;
    Snapshot snapshot_ = nullptr;
    Work *work_ = nullptr;
    Rooms rooms_{};
    ParallelTableScanDesc scan_ = nullptr;
    Sharedsort *sort_ = nullptr;
    Relation heap_ = nullptr;
    Relation index_ = nullptr;
    SortCoordinateData sorted_{};
};

} // namespace steward::ivf
