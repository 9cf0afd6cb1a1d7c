// How good a model is on rows that it has not learnt from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/learn/metrics.hpp"
#include "core/learn/model.hpp"

namespace steward::core {

struct LabelQuality {
    std::string label;
    std::size_t rows = 0; ///< that have it
    double auc = 0.5;
    double log_loss = 0;
    double brier = 0;
    double calibration_error = 0;
};

struct Quality {
    std::size_t rows = 0;
    double accuracy = 0; ///< share of rows, or of rows and labels, whose more likely answer is the true one
    double log_loss = 0; ///< of a row: of its label, or the mean over all labels
    std::vector<LabelQuality> labels;
    std::vector<double> losses; ///< of each row, in their order
};

/// Rows enough to tell models apart, and no more than fit into some ten megabytes.
std::size_t rows_to_judge(std::size_t heads) noexcept;

/// What is true of each head of a model for a row that has those labels; none if it does not know one of
/// them.
std::vector<Truth> truths_of(const Model &model, std::span<const std::string_view> labels);

/// What a model loses by one row that has those labels; nothing if it does not know one of them.
std::optional<double> loss_of(const Model &model, std::span<const Feature> features,
                              std::span<const std::string_view> labels);

/// Judges by the first rows. A row's truths are those of the heads of the model.
Quality judge(const Model &model, Examples &rows, Stop stop = Stop{});

/// A model that gives each label the probability that it has in the rows, whatever the features.
Model constant_model(LabelKind kind, std::vector<std::string> labels, std::span<const double> shares);

} // namespace steward::core
