// The pages of a new generation: vectors sorted by their lists, in files of the server beyond
// maintenance_work_mem.
#pragma once

#include "extension/ivf/pages.hpp"
#include "extension/ivf/rows.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/tuplesort.h"
}

namespace steward::ivf {

class PostingWriter {
  public:
    /// Must not outlive the memory context in which it was made. `part` says which part it has in a sort of
    /// several processes, which has `memory` kilobytes.
    explicit PostingWriter(const Opened &opened, SortCoordinate part = nullptr,
                           int memory = maintenance_work_mem / 2);

    void add(const Entry &entry, const ItemPointerData &tid);

    /// Instead of write(): sorts this process's part, for the one that writes.
    void leave_part();

    /// No more vectors come: writes their pages, list by list, then the middles and the directory, and notes
    /// in `meta` where these are.
    void write(Pages &pages, std::span<const float> middles, Meta &meta);

  private:
    bool next(Entry &entry, ItemPointerData &tid);
    ListHead write_list(Pages &pages, std::uint32_t list, Entry &entry, ItemPointerData &tid, bool &is_there);
    std::size_t fill(std::vector<PGAlignedBlock> &images, std::uint32_t list, Entry &entry,
                     ItemPointerData &tid, bool &is_there);

    const Opened &opened_;
    Tuplesortstate *sort_ = nullptr;
    TupleTableSlot *slot_ = nullptr;
    std::vector<char> packed_;
};

} // namespace steward::ivf
