// Rows for the tests of learners.
#pragma once

#include "core/learn/logistic.hpp"

namespace steward::core {

/// Rows that are kept in memory.
class KeptExamples final : public Examples {
  public:
    KeptExamples() = default;
    /// One head of other rows.
    KeptExamples(const KeptExamples &from, std::size_t head) {
        for (std::size_t i = 0; i < from.size(); ++i) {
            Example const row = from.at(i);
            add({row.features.begin(), row.features.end()}, {row.truths[head]});
        }
    }
    void add(std::vector<Feature> features, std::vector<Truth> truths) {
        features_.push_back(std::move(features));
        truths_.push_back(std::move(truths));
    }
    std::size_t size() const { return features_.size(); }
    Example at(std::size_t i) const { return {features_[i], truths_[i]}; }
    void rewind() override { next_ = 0; }
    bool next(Example &example) override {
        if (next_ == features_.size())
            return false;
        example = at(next_++);
        return true;
    }

  private:
    std::vector<std::vector<Feature>> features_;
    std::vector<std::vector<Truth>> truths_;
    std::size_t next_ = 0;
};

inline Truth truth_of(bool is) {
    return is ? Truth::yes : Truth::no;
}

} // namespace steward::core
