// The rows of the query that a model learns from.
#pragma once

#include <string>
#include <vector>

#include "extension/learn/input.hpp"

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
    int batch_size;
    std::int64_t seed;
};

/// (source, label, text, features) as the first arguments of the running function. Plain C. Raises 22004.
Task task_argument(FunctionCallInfo fcinfo);

/// A row, good until the next one.
struct SourceRow {
    bool is_known; ///< what it is
    std::span<const std::string_view> labels;
    core::Input input;
};

class RowTaker {
  public:
    RowTaker() = default;
    RowTaker(const RowTaker &) = delete;
    RowTaker &operator=(const RowTaker &) = delete;
    virtual ~RowTaker() = default;
    virtual void take(const SourceRow &row) = 0;
};

/// Argument `n` of the running function, text[] or null, as a list of C strings. Plain C.
List *texts_argument(FunctionCallInfo fcinfo, int n);
std::vector<std::string> value_names(const List *texts);

/// Whether the label is an array: a row has any number of them.
bool has_any_number(const Task &task);

/// Runs the query as the caller, inside SPI, and hands over each row, or each that has a label.
void read_rows(const Task &task, bool is_array, bool is_labelled, RowTaker &taker);

} // namespace steward::learn
