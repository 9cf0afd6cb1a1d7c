// From a query to rows, the nearest first: lists are looked into, codes compared, and the best by these
// looked up.
#pragma once

#include <optional>
#include <unordered_set>

#include "core/vector/codes.hpp"

#include "extension/ivf/opened.hpp"
#include "extension/ivf/options.hpp"

namespace steward::ivf {

struct Candidate {
    float nearness;
    ItemPointerData tid;
};

/// A row with its true distance.
struct Found {
    double distance;
    ItemPointerData tid;
};

/// How to get at the vectors of rows, as they are for the snapshot of the scan.
class Rows {
  public:
    Rows() = default;
    Rows(const Rows &) = delete;
    Rows &operator=(const Rows &) = delete;
    virtual ~Rows() = default;
    /// False if no version of the row is visible.
    virtual bool distance(const ItemPointerData &tid, double &distance) = 0;
};

/// One query, whose rows are asked for one by one. The more are asked for, the more lists are looked into.
class Search {
  public:
    Search(Relation index, std::shared_ptr<const Opened> opened, std::span<const float> query,
           const SearchSettings &settings);

    /// The next row; false if there is none any more.
    bool next(Rows &rows, Found &found);

  private:
    void collect();
    core::CodedQuery coded() const;
    void measure();
    double draw() const noexcept;
    std::size_t first_probes() const noexcept;
    std::size_t rerank() const noexcept;
    void open_anew();
    bool scan_lists();
    bool scan_narrow();
    void scan_page(Page page);
    bool scan_wide(BlockNumber &block);
    bool is_current(Buffer buffer) const;
    void offer(const FrameHead &frame, const std::int32_t *sums);
    void cut();
    bool rank_some(Rows &rows);
    bool may_be_nearer() const noexcept;

    Relation index_;
    std::shared_ptr<const Opened> opened_; ///< kept while the scan is open
    SearchSettings settings_;
    std::vector<float> prepared_;
    core::CodedQuery query_;
    double query_square_; ///< of its length
    double doubt_ = 0;    ///< how far nearness may be wrong, if vectors are as long as the query
    core::Line line_{};   ///< from sums to nearness
    std::vector<std::uint32_t> lists_;
    int round_ = 0;
    std::size_t probes_ = 0; ///< that were looked into last
    std::size_t wanted_ = 0; ///< candidates
    bool has_dropped_ = false;
    bool is_over_ = false;
    float least_ = 0; ///< that a candidate must exceed
    std::vector<Candidate> candidates_;
    std::size_t ranked_ = 0;   ///< of the candidates
    std::vector<Found> found_; ///< and not returned: a heap, the nearest first
    double last_distance_;
    std::unordered_set<std::uint64_t> known_; ///< rows that were looked up
};

} // namespace steward::ivf
