// How a model that serves does on rows that came since.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "core/learn/metrics.hpp"
#include "core/learn/model.hpp"
#include "core/learn/row_sketch.hpp"

namespace steward::core {

/// What a row is said to be; none if nobody knows yet.
using RowLabels = std::optional<std::span<const std::string_view>>;

/// The hash of an input: of its text, and of its values, whatever their order.
std::uint64_t hash_input(const Input &input) noexcept;

/// The hash of a row that is known: of that of its input, and what it is.
std::uint64_t hash_known(std::uint64_t input, std::span<const std::string_view> labels) noexcept;

/// Goes once through all rows as they stand now.
class Watch {
  public:
    /// `rival` is another model, or null; `known` the rows whose labels were known when the newer of the two
    /// was trained, and `seen` the inputs when this was last looked at, known or not. Models must outlive it.
    Watch(const Model &model, const Model *rival, RowSketch known, std::optional<RowSketch> seen);

    void add(const Input &input, RowLabels labels, Encoding encoding, Stop stop);

    struct Report {
        Estimate loss{};   ///< of a new row
        Estimate gained{}; ///< how much less the model loses than the rival, row by row
        /// How far the probabilities of each label are spread otherwise than where the model was judged.
        std::vector<double> stability;
        std::size_t inputs = 0; ///< that are new
    };
    Report report() const;

    /// The inputs now.
    RowSketch &inputs() noexcept { return inputs_now_; }

  private:
    struct Losses {
        double model;
        double rival;
    };
    void judge(std::uint64_t hash, std::span<const Feature> features,
               std::span<const std::string_view> labels);
    void place(std::uint64_t hash, std::span<const Feature> features);

    const Model &model_;
    const Model *rival_;
    RowSketch known_before_;
    RowSketch known_now_;
    std::optional<RowSketch> inputs_before_;
    RowSketch inputs_now_;
    std::unordered_map<std::uint64_t, Losses> losses_;
    std::unordered_map<std::uint64_t, std::vector<std::uint8_t>> bins_;
    std::vector<Feature> features_;
    std::vector<double> probabilities_;
};

} // namespace steward::core
