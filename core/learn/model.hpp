// A model that has learnt: from features to the probability of each label.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/learn/calibration.hpp"
#include "core/learn/input.hpp"
#include "core/learn/logistic.hpp"
#include "core/learn/places.hpp"
#include "core/learn/score_bins.hpp"

namespace steward::core {

/// What rows say of labels.
enum class LabelKind : std::uint8_t {
    one_of, ///< each row has one: probabilities sum to 1
    any_of, ///< each row has any number of them: each has a probability of its own, and so has that there is
            ///< any
};

/// From a number to one that is about 0 and as large as the value of a word. Numbers of a place that never
/// varies become 0.
struct NumberScale {
    std::uint32_t place;
    float mean;
    float per_unit; ///< 0.1 / standard deviation, or 0

    /// Five deviations; numbers that are further out count as if they were there.
    static constexpr float most = 0.5F;

    float operator()(float value) const noexcept {
        return std::clamp((value - mean) * per_unit, -most, most);
    }
};

/// So many labels at the most: training needs some megabytes of memory for each.
inline constexpr std::size_t most_labels = 64;

/// The label, in a model of any number of labels, that a row has some.
inline constexpr std::string_view any_label = "any";

/// What a model consists of. Two labels that exclude one another need one head, which speaks for the second.
struct ModelParts {
    std::string text_name;                ///< of the text of an input; empty if it has none
    std::vector<std::string> value_names; ///< of its values
    LabelKind kind = LabelKind::one_of;
    std::vector<std::string> labels; ///< in ascending order; with any_of, `any` behind them
    std::vector<NumberScale> scales; ///< in the order of their places
    std::vector<std::uint32_t> places;
    std::vector<float> weights;           ///< places x heads, and then the bias of each head
    std::vector<Calibration> calibration; ///< one a head
    /// How unlikely, 1 - probability, a label was thought to be by rows that have it, in ascending order: at
    /// evenly spaced ranks, for sets of labels that hold the true one as often as is asked for.
    std::vector<float> surprises;
    /// How the probabilities of each label were spread over those rows; none if that is not known.
    std::vector<ScoreBins> bins;
    /// To go on learning: the rate of steps, and for each weight the sum of the squares of its gradients.
    /// None of exact weights.
    float rate = 0;
    std::vector<float> squares;

    std::size_t heads() const noexcept {
        return kind == LabelKind::one_of && labels.size() == 2 ? 1 : labels.size();
    }
};

class Model {
  public:
    /// Throws Error(invalid_argument) if the parts do not fit together.
    explicit Model(ModelParts parts);

    const ModelParts &parts() const noexcept { return parts_; }
    std::span<const std::string> labels() const noexcept { return parts_.labels; }

    /// The probability of each label, given features of append_features().
    void predict(std::span<const Feature> features, std::span<double> probabilities) const noexcept;

    /// The log odds of each head, before calibration.
    void score(std::span<const Feature> features, std::span<float> scores) const noexcept;

    /// What one feature adds to the log odds of a label, before calibration, against the mean row.
    double contribution(const Feature &feature, std::size_t label) const noexcept;

    /// One step of AdaGrad towards what is true of a row: a truth for each head. Nothing where the weights
    /// are exact. Probabilities stay calibrated as they were.
    void learn(std::span<const Feature> features, std::span<const Truth> truths) noexcept;

    /// The labels that cannot be ruled out: of sets that are made so, a share of 1 - alpha has the true label
    /// in it, and none is empty, if rows are like those that the model was trained on.
    /// Source: Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005 (split conformal).
    std::vector<std::size_t> labels_within(std::span<const double> probabilities, double alpha) const;

    /// As bytes, the same for equal models on every machine.
    std::string serialize() const;
    /// Throws Error(unsupported) for a format that is not known, Error(invalid_argument) for what is none.
    static Model deserialize(std::string_view bytes);

  private:
    const NumberScale *scale_of(std::uint32_t place) const noexcept;
    float scaled(const Feature &feature) const noexcept;

    ModelParts parts_;
    PlaceIndex index_;
};

} // namespace steward::core
