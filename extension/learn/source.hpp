// The rows of a model's source: read once, in three parts, which a row belongs to by its input alone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/learn/model.hpp"
#include "core/learn/row_sketch.hpp"

#include "extension/learn/source_rows.hpp"
#include "extension/learn/training_rows.hpp"

namespace steward::learn {

/// All that is read of the source.
class Source final : public RowTaker {
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
    core::RowSketch sketch; ///< of all of them

    void take(const SourceRow &row) override;

  private:
    std::uint8_t number_of(std::string_view label);
    void finish();

    std::uint64_t seed_;
    core::Encoding encoding_{};
    std::map<std::string, std::uint8_t, std::less<>> numbers_; ///< of labels, as they came
    HeadsOfLabels heads_;
    std::vector<core::Feature> features_;
    std::vector<std::uint8_t> labels_;
};

} // namespace steward::learn
