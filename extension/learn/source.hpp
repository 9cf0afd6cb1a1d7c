// The rows of a model's source: read once, in three parts, which a row belongs to by its input alone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/learn/model.hpp"

#include "extension/learn/input.hpp"
#include "extension/learn/training_rows.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

namespace steward::learn {

/// What a model is trained on, and how. Plain data, in the memory of the caller.
struct Task {
    char *source; ///< a query
    char *label;  ///< its column that says what is true
    char *text;   ///< that of the text, or null
    List *values; ///< texts: those of other values
    bool is_exact;
    std::uint32_t max_features;
    std::int64_t seed;
};

/// All that is read of the source.
class Source {
  public:
    /// Memory for sorting, as maintenance_work_mem says, and no more than is of use.
    explicit Source(const Task &task);

    /// Runs the query as the caller, inside SPI. Throws Error(invalid_argument) for too many labels, or too
    /// few.
    void read(const Task &task);

    /// Gives back the files of the server.
    void end();

    core::ModelParts known; ///< what follows from the task and the labels that were met
    SortedRows train;
    SortedRows calibrate;
    SortedRows holdout;

  private:
    struct Row;

    void read_batch(MemoryContext scratch, core::Encoding encoding);
    void add(const Row &row, core::Encoding encoding);
    std::uint8_t number_of(std::string_view label);
    void finish();

    static Row read_row(HeapTuple tuple, TupleDesc columns, const Layout &layout);

    std::uint64_t seed_;
    std::map<std::string, std::uint8_t, std::less<>> numbers_; ///< of labels, as they came
    HeadsOfLabels heads_;
    std::vector<core::Feature> features_;
    std::vector<std::uint8_t> labels_;
};

} // namespace steward::learn
