// How vectors are grouped into lists: middles found among a sample, each vector given to its list, and how
// many lists the neighbours of a query are in.
#pragma once

#include "core/vector/recall.hpp"

#include <optional>

#include "extension/ivf/posting_writer.hpp"

namespace steward::ivf {

/// As many lists as its options say, or as suit the number of vectors.
std::size_t wanted_lists(Relation index, double vectors) noexcept;

/// Vectors at random, as many as fit into some memory, and how many there are. For the cosine as directions.
class Sample {
  public:
    Sample(std::size_t dimensions, core::Metric metric);

    void take(std::span<const float> vector, std::uint64_t id);
    void rotate(const core::Rotation &rotation);
    /// Into a random order: neighbours in a table, or in a list, are alike, and its first vectors are used
    /// apart.
    void shuffle();
    /// Its vectors to where other processes see them: as many floats as there are in vectors().
    void move_to(float *room);

    std::size_t dimensions() const noexcept { return dimensions_; }
    std::size_t seen() const noexcept { return seen_; }
    std::size_t size() const noexcept { return ids_.size(); }
    std::span<const float> vectors() const noexcept {
        return shared_ != nullptr ? std::span(shared_, ids_.size() * dimensions_) : std::span(vectors_);
    }
    std::span<const std::uint64_t> ids() const noexcept { return ids_; }

  private:
    std::size_t dimensions_;
    core::Metric metric_;
    std::uint64_t random_;
    std::size_t room_;
    std::size_t seen_ = 0;
    std::vector<float> vectors_;
    const float *shared_ = nullptr; ///< where they are, if not there
    std::vector<std::uint64_t> ids_;
};

/// A grouping to be: no vector is in it yet.
struct Grouping {
    Opened opened;
    std::vector<float> middles;
};

/// Those of a sample that the middles of so many lists are found among.
std::span<const float> training_of(const Sample &sample, std::size_t lists) noexcept;

/// Groups a sample that is rotated. What `meta` says of dimensions, codes, the metric and the generation
/// stays. A codebook that `meta` asks for is the one that is given, or is learned. `assigner` is who says
/// which middles those of training_of() are nearest to.
Grouping group(const Sample &sample, Meta meta, std::size_t lists, core::Codebook codebook,
               const core::Assign &assigner = {});

/// Says in `meta` which codes its options ask for. Plain C.
void take_code_options(Relation index, Meta &meta) noexcept;

/// How many of a sample recall is measured by, which middles are not found by: its first ones.
std::size_t queries_of(const Sample &sample) noexcept;

/// Measures by these; nothing where there are too few.
std::optional<core::RecallMeter> meter_of(const Opened &opened, const Sample &sample);

/// Gives prepared vectors to lists, some at a time.
class Distributor {
  public:
    Distributor(const Opened &opened, PostingWriter &writer, core::RecallMeter *meter) noexcept
        : opened_(opened), writer_(writer), meter_(meter) {}

    void add(std::span<const float> prepared, const ItemPointerData &tid);
    /// The same of a vector that has a code, which stays.
    void add(std::span<const float> prepared, const ItemPointerData &tid, const Entry &entry);
    /// Those that wait.
    void finish();
    std::uint64_t given() const noexcept { return given_; }

  private:
    const Opened &opened_;
    PostingWriter &writer_;
    core::RecallMeter *meter_;
    std::vector<float> waiting_;
    std::vector<ItemPointerData> tids_;
    std::vector<Entry> coded_; ///< empty if vectors have none yet
    Entry entry_;
    std::uint64_t given_ = 0;
};

} // namespace steward::ivf
