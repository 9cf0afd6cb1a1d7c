// Of matches that overlap, keeps the leftmost and of these the longest: each stretch counts once.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "core/text/matcher.hpp"

namespace steward::core {

/// Takes matches in the order in which Matcher::scan reports them (by end, longer first) and passes on
/// those of the leftmost-longest reading, in the order of the text.
///
/// A kept match may still be swallowed by a longer one that ends later. What can no longer be swallowed
/// is passed on in batches, so that memory stays small on any text.
template <class Report> class LongestMatches {
  public:
    LongestMatches(Report report, std::size_t batch = 1024) : report_(std::move(report)), batch_(batch) {
        kept_.reserve(batch);
    }

    void add(const Match &match) {
        // Only a match that counts itself swallows others: one that overlaps what begins further left
        // leaves those inside it as they are.
        auto inside = kept_.end();
        while (inside != kept_.begin() && std::prev(inside)->start >= match.start)
            --inside;
        if (inside != kept_.begin() && std::prev(inside)->end > match.start)
            return;
        kept_.erase(inside, kept_.end());
        if (kept_.size() == batch_)
            pass_on_first_half();
        kept_.push_back(match);
    }

    /// Passes on what is left; the scan is over.
    void finish() {
        for (const Match &match : kept_)
            report_(match);
        kept_.clear();
    }

  private:
    /// A match to come ends behind every kept one, so it can swallow the first half of `batch` kept
    /// matches only if it is a phrase of batch/2 words: no lexicon has one.
    void pass_on_first_half() {
        auto const middle = kept_.begin() + static_cast<std::ptrdiff_t>(batch_ / 2);
        for (auto match = kept_.begin(); match != middle; ++match)
            report_(*match);
        kept_.erase(kept_.begin(), middle);
    }

    Report report_;
    std::size_t batch_;
    std::vector<Match> kept_;
};

} // namespace steward::core
