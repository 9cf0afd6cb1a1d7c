#include "core/learn/watch.hpp"

#include <algorithm>
#include <bit>

#include "core/hash.hpp"
#include "core/learn/judge.hpp"

namespace steward::core {

namespace {

/// Copies of a row say nothing new, however many there are.
constexpr std::uint32_t most_copies = 100;

/// Whether a row is one more than there were. Where copies are among both, nobody can say which is the new
/// one, nor does it matter.
bool is_new(const RowSketch &before, std::uint64_t hash, std::uint32_t count) {
    return count > 0 && hash <= before.reach() && count > before.count(hash);
}

/// Forgets what is beyond reach now, once that is most of it.
template <class Kept> void forget(Kept &kept, const RowSketch &now) {
    constexpr std::size_t few = 65'536;
    if (kept.size() > few && kept.size() % few == 1)
        std::erase_if(kept, [&](const auto &each) { return each.first > now.reach(); });
}

/// How many rows with a hash are new.
double copies(const RowSketch &before, const RowSketch &now, std::uint64_t hash) {
    if (hash > now.reach() || now.count(hash) <= before.count(hash))
        return 0;
    return std::min(now.count(hash) - before.count(hash), most_copies);
}

} // namespace

std::uint64_t hash_input(const Input &input) noexcept {
    std::uint64_t values = 0;
    for (const NamedValue &value : input.values) {
        std::uint64_t const said =
            value.is_number ? mix_hash(std::bit_cast<std::uint64_t>(value.number)) : hash_bytes(value.word);
        values += combine_hashes(hash_bytes(value.name), said);
    }
    return combine_hashes(hash_bytes(input.text), values);
}

std::uint64_t hash_known(std::uint64_t input, std::span<const std::string_view> labels) noexcept {
    std::uint64_t all = labels.size();
    for (std::string_view const label : labels) // in any order
        all += hash_bytes(label);
    return combine_hashes(input, all);
}

Watch::Watch(const Model &model, const Model *rival, RowSketch known, std::optional<RowSketch> seen)
    : model_(model), rival_(rival), known_before_(std::move(known)), inputs_before_(std::move(seen)) {
    if (model.parts().bins.empty())
        inputs_before_.reset();
}

void Watch::add(const Input &input, RowLabels labels, Encoding encoding, Stop stop) {
    std::uint64_t const hash = hash_input(input);
    std::uint64_t const known = labels ? hash_known(hash, *labels) : 0;
    std::uint32_t const inputs = inputs_now_.add(hash);
    bool const is_new_input = inputs_before_ && is_new(*inputs_before_, hash, inputs);
    bool const is_newly_known = labels && is_new(known_before_, known, known_now_.add(known));
    if (!is_new_input && !is_newly_known)
        return;
    features_.clear();
    append_features(features_, input, encoding, stop);
    if (is_new_input && !bins_.contains(hash))
        place(hash, features_);
    if (is_newly_known && !losses_.contains(known))
        judge(known, features_, *labels);
}

void Watch::judge(std::uint64_t hash, std::span<const Feature> features,
                  std::span<const std::string_view> labels) {
    std::optional<double> const model = loss_of(model_, features, labels);
    std::optional<double> const rival = rival_ == nullptr ? model : loss_of(*rival_, features, labels);
    if (!model || !rival) // of a label that did not exist then
        return;
    losses_.insert_or_assign(hash, Losses{*model, *rival});
    forget(losses_, known_now_);
}

void Watch::place(std::uint64_t hash, std::span<const Feature> features) {
    probabilities_.resize(model_.labels().size());
    model_.predict(features, probabilities_);
    std::vector<std::uint8_t> bins;
    for (std::size_t i = 0; i < probabilities_.size(); ++i)
        bins.push_back(static_cast<std::uint8_t>(model_.parts().bins[i].bin_of(probabilities_[i])));
    bins_.insert_or_assign(hash, std::move(bins));
    forget(bins_, inputs_now_);
}

Watch::Report Watch::report() const {
    Report report;
    std::vector<double> losses;
    std::vector<double> gained;
    for (const auto &[hash, loss] : losses_) {
        auto const times = static_cast<std::size_t>(copies(known_before_, known_now_, hash));
        losses.insert(losses.end(), times, loss.model);
        gained.insert(gained.end(), times, loss.rival - loss.model);
    }
    report.loss = mean_of(losses);
    report.gained = mean_of(gained);
    double inputs = 0;
    std::vector<std::vector<double>> counts;
    for (const ScoreBins &bins : model_.parts().bins)
        counts.emplace_back(bins.shares.size());
    for (const auto &[hash, bins] : bins_) {
        double const times = copies(*inputs_before_, inputs_now_, hash);
        inputs += times;
        for (std::size_t label = 0; label < bins.size(); ++label)
            counts[label][bins[label]] += times;
    }
    report.inputs = static_cast<std::size_t>(inputs);
    for (std::size_t label = 0; label < counts.size(); ++label)
        report.stability.push_back(population_stability(model_.parts().bins[label], counts[label]));
    return report;
}

} // namespace steward::core
