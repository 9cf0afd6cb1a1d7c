#include "core/learn/model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/error.hpp"

namespace steward::core {

namespace {

[[noreturn]] void raise_unfit() {
    throw Error(ErrorKind::invalid_argument, "the parts of a model do not fit together");
}

bool are_bins(const ScoreBins &bins) {
    return bins.edges.size() < 256 && bins.shares.size() == bins.edges.size() + 1 &&
           std::ranges::is_sorted(bins.edges);
}

void require_fit(const ModelParts &parts) {
    std::size_t const heads = parts.heads();
    if (parts.labels.size() < 2 || heads > most_labels + 1 || parts.calibration.size() != heads ||
        parts.weights.size() != (parts.places.size() + 1) * heads ||
        !std::ranges::is_sorted(parts.scales, {}, &NumberScale::place) ||
        !std::ranges::is_sorted(parts.surprises) ||
        (!parts.bins.empty() && parts.bins.size() != parts.labels.size()) ||
        !std::ranges::all_of(parts.bins, are_bins) ||
        (!parts.squares.empty() && parts.squares.size() != parts.weights.size()))
        raise_unfit();
}

} // namespace

Model::Model(ModelParts parts) : parts_(std::move(parts)) {
    require_fit(parts_);
    index_ = PlaceIndex(parts_.places, input_places);
}

const NumberScale *Model::scale_of(std::uint32_t place) const noexcept {
    auto const at = std::ranges::lower_bound(parts_.scales, place, {}, &NumberScale::place);
    return at != parts_.scales.end() && at->place == place ? &*at : nullptr;
}

float Model::scaled(const Feature &feature) const noexcept {
    if (!is_number_place(feature.place))
        return feature.value;
    const NumberScale *const scale = scale_of(feature.place);
    return scale == nullptr ? 0 : (*scale)(feature.value);
}

void Model::score(std::span<const Feature> features, std::span<float> scores) const noexcept {
    std::size_t const heads = parts_.heads();
    std::copy_n(parts_.weights.end() - static_cast<std::ptrdiff_t>(heads), heads, scores.begin());
    for (const Feature &feature : features) {
        std::uint32_t const number = index_.find(feature.place);
        if (number == PlaceIndex::none)
            continue;
        const float *const weights = parts_.weights.data() + number * heads;
        float const value = scaled(feature);
        for (std::size_t head = 0; head < heads; ++head)
            scores[head] += weights[head] * value;
    }
}

void Model::predict(std::span<const Feature> features, std::span<double> probabilities) const noexcept {
    std::array<float, most_labels + 1> scores;
    score(features, scores);
    std::size_t const heads = parts_.heads();
    if (heads == 1) {
        probabilities[1] = parts_.calibration[0](static_cast<double>(scores[0]));
        probabilities[0] = 1 - probabilities[1];
        return;
    }
    double sum = 0;
    for (std::size_t head = 0; head < heads; ++head)
        sum += probabilities[head] = parts_.calibration[head](static_cast<double>(scores[head]));
    if (parts_.kind == LabelKind::any_of)
        return;
    for (std::size_t head = 0; head < heads; ++head)
        probabilities[head] = sum > 0 ? probabilities[head] / sum : 1.0 / static_cast<double>(heads);
}

void Model::learn(std::span<const Feature> features, std::span<const Truth> truths) noexcept {
    if (parts_.squares.empty())
        return;
    std::size_t const heads = parts_.heads();
    std::array<float, most_labels + 1> slopes;
    score(features, slopes);
    for (std::size_t head = 0; head < heads; ++head) {
        double const truth = truths[head] == Truth::yes ? 1 : 0;
        double const slope = probability(static_cast<double>(slopes[head])) - truth;
        slopes[head] = truths[head] == Truth::unknown ? 0.0F : static_cast<float>(slope);
    }
    auto const step = [&](std::size_t place, float value) {
        for (std::size_t head = 0; head < heads; ++head) {
            float const gradient = slopes[head] * value;
            float &squares = parts_.squares[place * heads + head];
            squares += gradient * gradient;
            if (squares > 0)
                parts_.weights[place * heads + head] -= parts_.rate * gradient / std::sqrt(squares);
        }
    };
    for (const Feature &feature : features)
        if (std::uint32_t const number = index_.find(feature.place); number != PlaceIndex::none)
            step(number, scaled(feature));
    step(parts_.places.size(), 1.0F);
}

double Model::contribution(const Feature &feature, std::size_t label) const noexcept {
    std::uint32_t const number = index_.find(feature.place);
    if (number == PlaceIndex::none)
        return 0;
    std::size_t const heads = parts_.heads();
    std::size_t const head = heads == 1 ? 0 : label;
    double const added =
        static_cast<double>(parts_.weights[number * heads + head]) * static_cast<double>(scaled(feature));
    return heads == 1 && label == 0 ? -added : added;
}

std::vector<std::size_t> Model::labels_within(std::span<const double> probabilities, double alpha) const {
    // The share is to hold for a new row among those that were looked at: hence n + 1.
    auto const n = static_cast<double>(parts_.surprises.size());
    double const rank = std::ceil((n + 1) * (1 - alpha));
    double most = 1;
    if (rank >= 1 && rank <= n)
        most = static_cast<double>(parts_.surprises[static_cast<std::size_t>(rank) - 1]);
    auto const best =
        static_cast<std::size_t>(std::ranges::max_element(probabilities) - probabilities.begin());
    std::vector<std::size_t> within;
    for (std::size_t i = 0; i < probabilities.size(); ++i)
        if (i == best || 1 - probabilities[i] <= most + 1e-6)
            within.push_back(i);
    return within;
}

} // namespace steward::core
