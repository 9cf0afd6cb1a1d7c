// From rows to a model: numbers are scaled, features chosen, weights learnt, probabilities calibrated.
#pragma once

#include <string>
#include <vector>

#include "core/learn/model.hpp"

namespace steward::core {

struct TrainOptions {
    bool exact = false;                ///< the weights that are best, not almost so: dense rows gain by it
    double strength = 1;               ///< of exact weights; see ExactOptions
    std::uint32_t max_features = 1000; ///< that say most about the labels; 0 for all
    int batch_size = 32;               ///< rows of a step; not of exact weights
    int passes = 10;                   ///< at the most; as many as do best on the rows for calibration
};

/// Rows in three parts that have none in common, features as append_features() makes them.
struct TrainRows {
    Examples &train;
    Examples &calibrate;
};

struct Trained {
    Model model;
    std::vector<double> shares; ///< how often each label is true of the rows
    std::size_t rows = 0;
    float rate = 0; ///< of the steps; 0 for exact weights
    int passes = 0;
};

/// Trains a model; truths of rows are those of its heads. Memory does not grow with the
/// number of rows. The same rows in the same order give the same model, to the bit. Throws
/// Error(invalid_argument) if no row is there, or if all say the same.
/// `known` has the kind, the labels and the names of what the model takes; the rest is added.
Trained train_model(TrainRows rows, ModelParts known, const TrainOptions &options, Stop stop = Stop{});

} // namespace steward::core
