#include "core/learn/train.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.hpp"
#include "core/learn/exact.hpp"
#include "core/learn/judge.hpp"
#include "core/learn/survey.hpp"

namespace steward::core {

namespace {

constexpr std::size_t rows_per_stop = 256;
constexpr std::size_t rows_for_rate = 5'000;
constexpr std::size_t most_calibrated = 100'000; ///< rows that probabilities are calibrated by
constexpr double least_gain = 1e-4; ///< of a pass, as a share of the loss, for which another one is made
constexpr int first_passes = 3;     ///< after which features are chosen
constexpr std::size_t most_surprises = 2'000;

/// Rows as the learner gets them: numbers scaled, and places numbered without gaps.
class Prepared final : public Examples {
  public:
    Prepared(Examples &rows, const std::vector<NumberScale> &scales, const PlaceIndex &index)
        : rows_(rows), index_(index) {
        for (const NumberScale &scale : scales)
            if (std::uint32_t const number = index.find(scale.place); number != PlaceIndex::none)
                numbers_.push_back({scale, number});
    }

    void rewind() override { rows_.rewind(); }
    bool next(Example &example) override {
        if (!rows_.next(example))
            return false;
        features_.resize(std::max(features_.size(), example.features.size()));
        auto to = features_.begin();
        auto from = example.features.begin();
        for (; from != example.features.end() && !is_number_place(from->place); ++from)
            if (std::uint32_t const number = index_.find(from->place); number != PlaceIndex::none)
                *to++ = {number, from->value};
        auto known = numbers_.begin();
        for (; from != example.features.end(); ++from) {
            while (known != numbers_.end() && known->scale.place < from->place)
                ++known;
            if (known == numbers_.end())
                break;
            if (known->scale.place == from->place)
                *to++ = {known->number, known->scale(from->value)};
        }
        example.features = {features_.begin(), to};
        return true;
    }

  private:
    /// A place of numbers that is known. Those of a row come in the same order.
    struct Known {
        NumberScale scale;
        std::uint32_t number;
    };

    Examples &rows_;
    const PlaceIndex &index_;
    std::vector<Known> numbers_;
    std::vector<Feature> features_; ///< as many as the longest row had
};

PlaceIndex all_places(const Survey &found) {
    std::vector<std::uint32_t> places;
    for (std::uint32_t place = 0; place < input_places; ++place)
        if (found.energy[place] > 0)
            places.push_back(place);
    return {places, input_places};
}

/// The first rows of those for calibration, kept in memory: they are looked at after each pass.
class KeptRows final : public Examples {
  public:
    KeptRows(Examples &rows, std::size_t heads, Stop stop) {
        rows.rewind();
        Example row{};
        while (ends_.size() < std::min(most_calibrated, rows_to_judge(heads)) &&
               features_.size() < 4'000'000 && rows.next(row)) {
            if (ends_.size() % rows_per_stop == 0)
                stop();
            features_.insert(features_.end(), row.features.begin(), row.features.end());
            truths_.insert(truths_.end(), row.truths.begin(), row.truths.end());
            ends_.push_back(features_.size());
            heads_ = row.truths.size();
        }
    }
    std::size_t size() const noexcept { return ends_.size(); }
    void rewind() override { next_ = 0; }
    bool next(Example &example) override {
        if (next_ == ends_.size())
            return false;
        std::size_t const from = next_ == 0 ? 0 : ends_[next_ - 1];
        example = {std::span(features_).subspan(from, ends_[next_] - from),
                   std::span(truths_).subspan(next_ * heads_, heads_)};
        ++next_;
        return true;
    }

  private:
    std::vector<Feature> features_;
    std::vector<Truth> truths_;
    std::vector<std::size_t> ends_;
    std::size_t heads_ = 0;
    std::size_t next_ = 0;
};

/// The scores of a head for rows whose truth is known, by weights that are not calibrated.
std::vector<std::vector<Observed>> observe(const LinearModel &weights, Examples &rows, Stop stop) {
    std::vector<std::vector<Observed>> observed(weights.heads());
    std::vector<float> scores(weights.heads());
    rows.rewind();
    Example row{};
    for (std::size_t i = 0; rows.next(row); ++i) {
        if (i % rows_per_stop == 0)
            stop();
        weights.score(row.features, scores);
        for (std::size_t head = 0; head < scores.size(); ++head)
            if (row.truths[head] != Truth::unknown)
                observed[head].push_back({static_cast<double>(scores[head]), row.truths[head] == Truth::yes});
    }
    return observed;
}

double loss_of(const Calibration &curve, std::span<const Observed> rows) {
    double sum = 0;
    for (const Observed &row : rows)
        sum += log_loss_of({curve(row.score), row.truth});
    return sum;
}

/// Whether steps say more than a smooth curve of rows that neither was made by: they follow any shape, chance
/// included. Each half of the rows is asked about the other one.
bool do_steps_help(std::span<const Observed> rows, Stop stop) {
    std::vector<Observed> halves[2];
    for (std::size_t i = 0; i < rows.size(); ++i)
        halves[i % 2].push_back(rows[i]);
    double gained = 0;
    for (std::size_t half = 0; half < 2; ++half) {
        Calibration const curve = Calibration::logistic(halves[half], stop);
        gained += loss_of(curve, halves[1 - half]);
        stop();
        std::vector<Observed> sorted = halves[half];
        gained -= loss_of(Calibration::isotonic(sorted), halves[1 - half]);
    }
    return gained > 0;
}

Calibration calibrate(std::vector<Observed> &rows, Stop stop) {
    return rows.size() >= isotonic_rows && do_steps_help(rows, stop) ? Calibration::isotonic(rows)
                                                                     : Calibration::logistic(rows, stop);
}

/// What calibrated scores lose, over all heads.
double loss_after_calibration(const LinearModel &weights, Examples &rows, Stop stop) {
    double sum = 0;
    for (std::vector<Observed> &observed : observe(weights, rows, stop)) {
        stop();
        sum += loss_of(Calibration::logistic(observed, stop), observed);
    }
    return sum;
}

struct Learnt {
    LinearModel weights;
    LinearModel squares; ///< of the gradients; none of exact weights
    float rate;
    int passes;
};

/// As many passes as do best on the rows for calibration; at a rate, or, if it is 0, at that which does best.
Learnt learn_by_passes(Prepared &rows, Prepared &calibrate_rows, std::uint32_t places, std::uint32_t heads,
                       int passes, float rate, int batch_size, Stop stop) {
    AdaGradOptions options;
    options.batch_size = batch_size;
    options.rate = rate > 0 ? rate : choose_rate(rows, places, heads, options, rows_for_rate, stop);
    AdaGrad learner(places, heads, options);
    Learnt best{LinearModel(places, heads), LinearModel(0, 0), options.rate, 0};
    double least = std::numeric_limits<double>::infinity();
    int worth = 0; // the last pass that gained more than next to nothing
    for (int pass = 1; pass <= passes && pass <= worth + 2; ++pass) {
        rows.rewind();
        Example row{};
        for (std::size_t i = 0; rows.next(row); ++i) {
            if (i % rows_per_stop == 0)
                stop();
            learner.learn(row);
        }
        learner.step();
        double const loss = loss_after_calibration(learner.model(), calibrate_rows, stop);
        if (!(loss < least))
            continue;
        if (pass == 1 || loss < least * (1 - least_gain))
            worth = pass;
        least = loss;
        best.weights = learner.model();
        best.passes = pass;
    }
    best.squares = std::move(learner.squares());
    return best;
}

/// The places whose features move the scores most, over all rows: weight and use, for the head that they say
/// most of. Source: the size of a term's part in the sum that is the score.
std::vector<std::uint32_t> choose_places(const LinearModel &weights, const PlaceIndex &index,
                                         const Survey &found, std::size_t most) {
    std::vector<std::uint32_t> const places = index.all();
    std::vector<float> worth(places.size());
    for (std::uint32_t i = 0; i < places.size(); ++i) {
        float largest = 0;
        for (std::uint32_t head = 0; head < weights.heads(); ++head)
            largest = std::max(largest, std::abs(weights.at(i)[head]));
        worth[i] = largest * std::sqrt(found.energy[places[i]]);
    }
    std::vector<std::uint32_t> order(places.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::nth_element(
        order, order.begin() + static_cast<std::ptrdiff_t>(most),
        [&](std::uint32_t a, std::uint32_t b) { return worth[a] != worth[b] ? worth[a] > worth[b] : a < b; });
    std::vector<std::uint32_t> chosen;
    for (std::size_t i = 0; i < most; ++i)
        chosen.push_back(places[order[i]]);
    std::ranges::sort(chosen);
    return chosen;
}

/// Of rows that were kept for calibration, how unlikely their labels were thought to be.
std::vector<float> surprises_of(const Model &model, Examples &rows, Stop stop) {
    std::vector<float> all;
    std::vector<double> probabilities(model.labels().size());
    rows.rewind();
    Example row{};
    for (std::size_t at = 0; rows.next(row); ++at) {
        if (at % rows_per_stop == 0)
            stop();
        model.predict(row.features, probabilities);
        for (std::size_t i = 0; i < probabilities.size(); ++i) {
            bool const is = row.truths.size() == 1 ? (row.truths[0] == Truth::yes) == (i == 1)
                                                   : row.truths[i] == Truth::yes;
            if (is && !(model.parts().kind == LabelKind::any_of && i + 1 == probabilities.size()))
                all.push_back(static_cast<float>(1 - probabilities[i]));
        }
    }
    std::ranges::sort(all);
    if (all.size() <= most_surprises)
        return all;
    std::vector<float> some; // the upper end of each part, so that sets become no smaller
    for (std::size_t i = 1; i <= most_surprises; ++i)
        some.push_back(all[all.size() * i / most_surprises - 1]);
    return some;
}

/// Of rows that were kept for calibration, how the probabilities of each label are spread.
std::vector<ScoreBins> spread_of(const Model &model, Examples &rows, Stop stop) {
    std::vector<std::vector<float>> all(model.labels().size());
    std::vector<double> probabilities(all.size());
    rows.rewind();
    Example row{};
    for (std::size_t at = 0; rows.next(row); ++at) {
        if (at % rows_per_stop == 0)
            stop();
        model.predict(row.features, probabilities);
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i].push_back(static_cast<float>(probabilities[i]));
    }
    std::vector<ScoreBins> spread;
    for (std::vector<float> &label : all)
        if (!label.empty())
            spread.push_back(bins_of(label));
    return spread;
}

Learnt learn(TrainRows rows, KeptRows &kept, const Survey &found, const PlaceIndex &index,
             std::uint32_t heads, const TrainOptions &options, int passes, float rate, Stop stop) {
    Prepared train(rows.train, found.scales, index);
    Prepared held(kept, found.scales, index);
    if (!options.exact)
        return learn_by_passes(train, held, index.size(), heads, passes, rate, options.batch_size, stop);
    ExactOptions exact;
    exact.strength = options.strength;
    return {train_exact(train, index.size(), heads, exact, stop), LinearModel(0, 0), 0, 0};
}

/// Without what weighs nothing.
void take_weights(ModelParts &parts, Learnt &learnt, const PlaceIndex &index) {
    std::vector<std::uint32_t> const places = index.all();
    std::uint32_t const heads = learnt.weights.heads();
    bool const has_squares = learnt.squares.heads() == heads;
    auto const take = [&](std::uint32_t place) {
        const float *const at = learnt.weights.at(place);
        parts.weights.insert(parts.weights.end(), at, at + heads);
        if (has_squares)
            parts.squares.insert(parts.squares.end(), learnt.squares.at(place),
                                 learnt.squares.at(place) + heads);
    };
    for (std::uint32_t i = 0; i < places.size(); ++i) {
        const float *const at = learnt.weights.at(i);
        if (std::all_of(at, at + heads, [](float weight) { return weight == 0; }))
            continue;
        parts.places.push_back(places[i]);
        take(i);
    }
    take(learnt.weights.places()); // the bias
    parts.rate = learnt.rate;
}

void require_difference(const Survey &found) {
    if (found.rows == 0)
        throw Error(ErrorKind::invalid_argument, "there are no rows to learn from");
    if (std::ranges::all_of(found.shares, [](double share) { return share == 0 || share == 1; }))
        throw Error(ErrorKind::invalid_argument, "all rows have the same label");
}

} // namespace

Trained train_model(TrainRows rows, ModelParts known, const TrainOptions &options, Stop stop) {
    ModelParts parts = std::move(known);
    auto const heads = static_cast<std::uint32_t>(parts.heads());
    Survey const found = survey(rows.train, heads, stop);
    require_difference(found);
    KeptRows kept(rows.calibrate, heads, stop);
    PlaceIndex index = all_places(found);
    bool const is_to_choose = options.max_features > 0 && index.size() > options.max_features;
    TrainOptions first = options;
    first.exact = options.exact && !is_to_choose;
    Learnt learnt =
        learn(rows, kept, found, index, heads, first, is_to_choose ? first_passes : options.passes, 0, stop);
    if (is_to_choose) {
        index = PlaceIndex(choose_places(learnt.weights, index, found, options.max_features), input_places);
        learnt = learn(rows, kept, found, index, heads, options, options.passes, learnt.rate, stop);
    }
    parts.scales = found.scales;
    Prepared held(kept, found.scales, index);
    for (std::vector<Observed> &observed : observe(learnt.weights, held, stop)) {
        stop();
        parts.calibration.push_back(calibrate(observed, stop));
    }
    take_weights(parts, learnt, index);
    Model const calibrated(parts);
    parts.surprises = surprises_of(calibrated, kept, stop);
    parts.bins = spread_of(calibrated, kept, stop);
    std::vector<double> shares = found.shares;
    if (shares.size() == 1)
        shares = {1 - shares[0], shares[0]};
    return {Model(std::move(parts)), std::move(shares), found.rows, learnt.rate, learnt.passes};
}

} // namespace steward::core
