#include "core/hash.hpp"
#include "core/learn/watch.hpp"

#include "extension/learn/source.hpp"

#include "extension/text.hpp"

extern "C" {
#include "miscadmin.h"
}

namespace steward::learn {

namespace {

/// Where a row belongs, by its input alone: the same in each training, and with its copies.
enum class Part : std::uint8_t { train, calibrate, holdout };

std::uint64_t hash_of(const core::Input &input, std::span<const core::Feature> features) {
    if (!input.text.empty())
        return core::hash_bytes(input.text);
    return core::hash_bytes({reinterpret_cast<const char *>(features.data()), features.size_bytes()});
}

Part part_of(std::uint64_t hash) {
    std::uint64_t const tenth = hash % 10;
    return tenth < 7 ? Part::train : tenth < 8 ? Part::calibrate : Part::holdout;
}

} // namespace

Source::Source(const Task &task)
    : train(std::clamp(maintenance_work_mem / 2, 1024, 65'536)),
      calibrate(std::clamp(maintenance_work_mem / 4, 1024, 16'384)),
      holdout(std::clamp(maintenance_work_mem / 4, 1024, 16'384)),
      seed_(static_cast<std::uint64_t>(task.seed)) {
    known.text_name = task.text == nullptr ? "" : task.text;
    known.value_names = value_names(task.values);
}

void Source::read(const Task &task) {
    encoding_ = guarded([] { return database_encoding(); });
    bool const is_array = has_any_number(task);
    known.kind = is_array ? core::LabelKind::any_of : core::LabelKind::one_of;
    read_rows(task, is_array, true, *this);
    finish();
}

void Source::end() {
    for (SortedRows *const part : {&train, &calibrate, &holdout})
        part->end();
}

void Source::take(const SourceRow &row) {
    if (!row.is_known)
        return;
    features_.clear();
    core::append_features(features_, row.input, encoding_, on_interrupt);
    labels_.clear();
    for (std::string_view const label : row.labels)
        labels_.push_back(number_of(label));
    std::ranges::sort(labels_);
    labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
    on_interrupt(); // what follows goes through the whole of a long text twice
    std::uint64_t const hash = hash_of(row.input, features_);
    on_interrupt();
    auto const order = static_cast<std::int64_t>(core::mix_hash(hash ^ core::mix_hash(seed_)));
    Part const part = part_of(hash);
    (part == Part::train       ? train
     : part == Part::calibrate ? calibrate
                               : holdout)
        .add(order, features_, labels_);
    sketch.add(core::hash_known(core::hash_input(row.input), row.labels));
}

std::uint8_t Source::number_of(std::string_view label) {
    if (auto const at = numbers_.find(label); at != numbers_.end())
        return at->second;
    if (numbers_.size() == core::most_labels)
        throw core::Error(core::ErrorKind::invalid_argument,
                          "a model can have " + std::to_string(core::most_labels) + " labels at the most",
                          "The rows have more different ones.", "Is it the right column?");
    auto const number = static_cast<std::uint8_t>(numbers_.size());
    numbers_.emplace(label, number);
    return number;
}

/// Labels were numbered as they came, which is in no order; those of the model are sorted.
void Source::finish() {
    if (known.kind == core::LabelKind::any_of && numbers_.contains(core::any_label))
        throw core::Error(core::ErrorKind::invalid_argument, "no label may be \"any\"",
                          "It says that a row has at least one.");
    heads_.of_label.resize(numbers_.size());
    for (const auto &[label, number] : numbers_) {
        auto const place = static_cast<std::uint8_t>(known.labels.size());
        heads_.of_label[number] = {place};
        known.labels.push_back(label);
    }
    if (known.kind == core::LabelKind::any_of && !known.labels.empty()) {
        for (std::vector<std::uint8_t> &heads : heads_.of_label)
            heads.push_back(static_cast<std::uint8_t>(known.labels.size()));
        known.labels.emplace_back(core::any_label);
    }
    if (known.labels.size() < 2)
        throw core::Error(core::ErrorKind::invalid_argument,
                          known.labels.empty() ? "no row has a label" : "all rows have the same label", {},
                          "A model needs rows of two labels at the least.");
    heads_.heads = known.heads();
    if (heads_.heads == 1)
        for (std::vector<std::uint8_t> &heads : heads_.of_label)
            heads = heads[0] == 1 ? std::vector<std::uint8_t>{0} : std::vector<std::uint8_t>{};
    for (SortedRows *const part : {&train, &calibrate, &holdout})
        part->finish(heads_);
}

} // namespace steward::learn
