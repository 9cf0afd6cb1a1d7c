#include "core/learn/judge.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace steward::core {

namespace {

constexpr std::size_t most_rows = 200'000;
constexpr std::size_t most_judged = 1'000'000; ///< rows x heads
constexpr std::size_t rows_per_stop = 256;

bool is_yes(Truth truth) noexcept {
    return truth == Truth::yes;
}

/// Whether a label is true of a row, where two labels have one head.
bool is_true(std::span<const Truth> truths, std::size_t label) noexcept {
    return truths.size() == 1 ? is_yes(truths[0]) == (label == 1) : is_yes(truths[label]);
}

double loss_of_row(LabelKind kind, std::span<const Truth> truths, std::span<const double> probabilities) {
    double sum = 0;
    for (std::size_t i = 0; i < probabilities.size(); ++i)
        if (kind == LabelKind::any_of)
            sum += log_loss_of({probabilities[i], is_true(truths, i)}) /
                   static_cast<double>(probabilities.size());
        else if (is_true(truths, i))
            sum += log_loss_of({probabilities[i], true});
    return sum;
}

double accuracy_of_row(LabelKind kind, std::span<const Truth> truths, std::span<const double> probabilities) {
    if (kind == LabelKind::one_of) {
        auto const best = std::ranges::max_element(probabilities) - probabilities.begin();
        return is_true(truths, static_cast<std::size_t>(best)) ? 1 : 0;
    }
    double right = 0;
    for (std::size_t i = 0; i < probabilities.size(); ++i)
        right += is_true(truths, i) == (probabilities[i] >= 0.5) ? 1 : 0;
    return right / static_cast<double>(probabilities.size());
}

LabelQuality quality_of(const std::string &label, std::vector<Judged> &rows) {
    LabelQuality quality{label};
    quality.rows = static_cast<std::size_t>(std::ranges::count_if(rows, &Judged::truth));
    quality.log_loss = log_loss(rows);
    quality.brier = brier_score(rows);
    quality.auc = area_under_curve(rows);
    quality.calibration_error = calibration_error(rows);
    return quality;
}

} // namespace

std::size_t rows_to_judge(std::size_t heads) noexcept {
    return std::min(most_rows, most_judged / std::max<std::size_t>(heads, 1));
}

std::vector<Truth> truths_of(const Model &model, std::span<const std::string_view> labels) {
    LabelKind const kind = model.parts().kind;
    std::vector<Truth> truths(model.labels().size(), Truth::no);
    if (kind == LabelKind::one_of && labels.size() != 1)
        return {};
    for (std::string_view const label : labels) {
        auto const at = std::ranges::find(model.labels(), label);
        if (at == model.labels().end())
            return {};
        truths[static_cast<std::size_t>(at - model.labels().begin())] = Truth::yes;
    }
    if (kind == LabelKind::any_of && !labels.empty())
        truths.back() = Truth::yes; // there is some
    if (model.parts().heads() == 1)
        truths.erase(truths.begin()); // the head speaks for the second
    return truths;
}

std::optional<double> loss_of(const Model &model, std::span<const Feature> features,
                              std::span<const std::string_view> labels) {
    std::vector<Truth> const truths = truths_of(model, labels);
    if (truths.empty())
        return std::nullopt;
    std::vector<double> probabilities(model.labels().size());
    model.predict(features, probabilities);
    return loss_of_row(model.parts().kind, truths, probabilities);
}

Quality judge(const Model &model, Examples &rows, Stop stop) {
    std::size_t const labels = model.labels().size();
    LabelKind const kind = model.parts().kind;
    std::vector<std::vector<Judged>> judged(labels);
    std::vector<double> probabilities(labels);
    Quality quality;
    double right = 0;
    rows.rewind();
    Example row{};
    while (quality.losses.size() < rows_to_judge(labels) && rows.next(row)) {
        if (quality.losses.size() % rows_per_stop == 0)
            stop();
        if (row.truths.size() != model.parts().heads())
            throw Error(ErrorKind::invalid_argument, "the rows have other labels than the model");
        model.predict(row.features, probabilities);
        for (std::size_t i = 0; i < labels; ++i)
            judged[i].push_back({probabilities[i], is_true(row.truths, i)});
        quality.losses.push_back(loss_of_row(kind, row.truths, probabilities));
        right += accuracy_of_row(kind, row.truths, probabilities);
    }
    quality.rows = quality.losses.size();
    quality.accuracy = quality.rows == 0 ? 0 : right / static_cast<double>(quality.rows);
    quality.log_loss = mean_of(quality.losses).mean;
    for (std::size_t i = 0; i < labels; ++i) {
        stop();
        quality.labels.push_back(quality_of(model.labels()[i], judged[i]));
    }
    return quality;
}

Model constant_model(LabelKind kind, std::vector<std::string> labels, std::span<const double> shares) {
    ModelParts parts;
    parts.kind = kind;
    parts.labels = std::move(labels);
    std::size_t const heads = parts.heads();
    parts.weights.assign(heads, 0.0F);
    for (std::size_t head = 0; head < heads; ++head) {
        double const share = std::clamp(shares[heads == 1 ? 1 : head], 1e-6, 1 - 1e-6);
        Calibration always;
        always.slope = 0;
        always.offset = std::log(share / (1 - share));
        parts.calibration.push_back(always);
    }
    return Model(std::move(parts));
}

} // namespace steward::core
