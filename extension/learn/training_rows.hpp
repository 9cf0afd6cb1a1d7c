// Rows of a query as a learner takes them, in an order that depends on nothing but what they are.
#pragma once

#include <string>
#include <vector>

#include "core/learn/model.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "utils/tuplesort.h"
}

namespace steward::learn {

/// Numbers of labels, in the order in which they were met.
using RowLabels = std::span<const std::uint8_t>;

/// Which heads a label is true of: its own, and in a model of any number of labels that of `any`.
struct HeadsOfLabels {
    std::size_t heads = 0;
    std::vector<std::vector<std::uint8_t>> of_label; ///< by the number of the label
};

/// A part of the rows. They are sorted in files of the server, so that little of them is in memory; objects
/// of this class must not outlive the memory context in which they were made.
class SortedRows final : public core::Examples {
  public:
    explicit SortedRows(int memory_kb);

    /// Adds a row. `order` decides where it stands; among those alike in it, what they hold.
    void add(std::int64_t order, std::span<const core::Feature> features, RowLabels labels);

    /// No more rows come.
    void finish(const HeadsOfLabels &heads);
    std::size_t size() const noexcept { return size_; }
    /// Gives back files. An error does so, too.
    void end();

    void rewind() override;
    bool next(core::Example &example) override;

  private:
    Tuplesortstate *sort_;
    TupleTableSlot *slot_;
    const HeadsOfLabels *heads_ = nullptr;
    std::size_t size_ = 0;
    std::vector<char> packed_;
    std::vector<core::Feature> features_;
    std::vector<core::Truth> truths_;
};

} // namespace steward::learn
