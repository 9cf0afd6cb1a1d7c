// The pages of a new index: vectors sorted by their lists, in files of the server beyond
// maintenance_work_mem.
#pragma once

#include "extension/ivf/rows.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "utils/tuplesort.h"
}

namespace steward::ivf {

class PostingWriter {
  public:
    /// Must not outlive the memory context in which it was made.
    explicit PostingWriter(const Opened &opened);

    void add(const Entry &entry, const ItemPointerData &tid);

    /// No more vectors come: writes all pages, in the order of their blocks. Nothing of it is logged.
    void write(Relation index, std::span<const float> middles);

  private:
    bool next(Entry &entry, ItemPointerData &tid);
    void write_list(Relation index, std::uint32_t list, Entry &entry, ItemPointerData &tid, bool &is_there);

    const Opened &opened_;
    Tuplesortstate *sort_ = nullptr;
    TupleTableSlot *slot_ = nullptr;
    std::vector<char> packed_;
    std::vector<ListHead> heads_;
};

/// An index without a vector: its first page alone. Plain C.
void write_empty(Relation index, ForkNumber fork, core::Metric metric, std::uint16_t bits);

/// Says where the next vector of a list goes. Plain C.
void hint_insert(Relation index, const Meta &meta, std::uint32_t list, BlockNumber block);

/// Adds a page to the end of an index: the buffer is locked for changes. Plain C.
Buffer extend(Relation index, ForkNumber fork);

} // namespace steward::ivf
