#include "extension/ivf/regroup.hpp"

#include "extension/ivf/frames.hpp"
#include "extension/ivf/grouping.hpp"
#include "extension/ivf/insert.hpp"

extern "C" {
#include "access/generic_xlog.h"
#include "commands/vacuum.h"
#include "storage/lmgr.h"
}

namespace steward::ivf {

namespace {

constexpr std::uint64_t fewest = 500;  ///< changes that are worth it
constexpr std::size_t at_once = 1'000; ///< vectors that came meanwhile, which inserts wait for
constexpr int most_rounds = 10;

/// Plain C.
void write_meta(Relation index, const Meta &meta) {
    Buffer const buffer = ReadBuffer(index, meta_block);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *const state = GenericXLogStart(index);
    memcpy(contents(GenericXLogRegisterBuffer(state, buffer, 0)), &meta, sizeof meta);
    GenericXLogFinish(state);
    UnlockReleaseBuffer(buffer);
}

/// Where vacuum waits, if it is to be slow.
void pause() {
    guarded([] { vacuum_delay_point(); });
}

/// One grouping that becomes another.
class Regrouping {
  public:
    Regrouping(Relation index, const Opened &old) : index_(index), old_(old), copied_(old.meta.lists) {}

    void run(std::uint64_t vectors);

  private:
    Sample sample_of() const;
    void copy(Grouping &grouping, const Sample &sample, Meta &meta);
    std::size_t catch_up(const Opened &made);
    void take_over(const Opened &made);

    Relation index_;
    const Opened &old_;
    bool keeps_codes_ = true;
    std::vector<std::vector<std::uint16_t>> copied_; ///< lanes of each frame of each list
};

Sample Regrouping::sample_of() const {
    Sample sample(old_.meta.dimensions, old_.metric);
    std::vector<float> vector(old_.meta.dimensions);
    Entry entry;
    for (std::uint32_t list = 0; list < old_.meta.lists; ++list) {
        pause();
        for (Frames frames(index_, old_, list); frames.next();)
            for (unsigned live = frames.head().live; live != 0; live &= live - 1) {
                auto const lane = static_cast<std::size_t>(std::countr_zero(live));
                frames.read(lane, entry);
                frames.decode(entry, vector.data());
                sample.take(vector, number_of(frames.head().tids[lane]));
            }
    }
    sample.shuffle();
    return sample;
}

/// All vectors that are there go to lists of the new grouping.
void Regrouping::copy(Grouping &grouping, const Sample &sample, Meta &meta) {
    Opened &made = grouping.opened;
    std::optional<core::RecallMeter> meter = meter_of(made, sample);
    PostingWriter writer(made);
    Distributor distributor(made, writer, meter ? &*meter : nullptr);
    std::vector<float> vector(meta.dimensions);
    Entry entry;
    for (std::uint32_t list = 0; list < old_.meta.lists; ++list) {
        pause();
        for (Frames frames(index_, old_, list); frames.next();) {
            copied_[list].push_back(frames.head().live);
            for (unsigned live = frames.head().live; live != 0; live &= live - 1) {
                auto const lane = static_cast<std::size_t>(std::countr_zero(live));
                frames.read(lane, entry);
                frames.decode(entry, vector.data());
                if (keeps_codes_)
                    distributor.add(vector, frames.head().tids[lane], entry);
                else
                    distributor.add(vector, frames.head().tids[lane]);
            }
        }
    }
    distributor.finish();
    if (meter)
        std::ranges::copy(meter->probes(made.centroids, measured_recalls, on_interrupt),
                          made.meta.probes.begin());
    made.meta.vectors = distributor.given();
    LoggedPages pages(index_, made.meta.generation, old_.meta.generation);
    writer.write(pages, grouping.middles, made.meta);
    read_directory(index_, made);
}

/// Those that were inserted since, and how many. Vacuum alone frees lanes: what was there still is.
std::size_t Regrouping::catch_up(const Opened &made) {
    std::size_t found = 0;
    std::vector<float> vector(made.meta.dimensions);
    Entry entry;
    for (std::uint32_t list = 0; list < old_.meta.lists; ++list) {
        std::size_t at = 0;
        for (Frames frames(index_, old_, list); frames.next(); ++at) {
            if (at == copied_[list].size())
                copied_[list].push_back(0);
            unsigned const come = frames.head().live & ~unsigned{copied_[list][at]};
            copied_[list][at] = frames.head().live;
            for (unsigned left = come; left != 0; left &= left - 1, ++found) {
                auto const lane = static_cast<std::size_t>(std::countr_zero(left));
                frames.read(lane, entry);
                frames.decode(entry, vector.data());
                entry.list = list_of(made, vector);
                if (!keeps_codes_)
                    make_entry(made, vector.data(), entry.list, entry);
                guarded([&] { insert_entry(index_, made, entry, frames.head().tids[lane]); });
            }
        }
    }
    return found;
}

/// Nobody inserts from the last look at the old lists until the new ones count.
void Regrouping::take_over(const Opened &made) {
    for (int round = 0; round < most_rounds && catch_up(made) > at_once; ++round)
        pause();
    guarded([&] { LockPage(index_, grouping_lock, ExclusiveLock); });
    catch_up(made);
    guarded([&] {
        write_meta(index_, made.meta);
        UnlockPage(index_, grouping_lock, ExclusiveLock);
    });
}

void Regrouping::run(std::uint64_t vectors) {
    // What was begun and not ended left pages of a generation that is never drawn again.
    Meta meta = guarded([&] { return read_meta(index_); });
    ++meta.drawn;
    guarded([&] { write_meta(index_, meta); });
    Sample const sample = sample_of();
    meta.generation = meta.drawn;
    // An index that began empty has no codebook yet; one that it has it keeps, and all codes.
    if (!old_.codebook.is_there())
        guarded([&] { take_code_options(index_, meta); });
    keeps_codes_ = meta.parts == old_.meta.parts && meta.bits == old_.meta.bits;
    Grouping grouping =
        group(sample, meta, wanted_lists(index_, static_cast<double>(vectors)), old_.codebook);
    grouping.opened.oldest = old_.meta.generation;
    copy(grouping, sample, meta);
    take_over(grouping.opened);
}

} // namespace

bool needs_regrouping(Relation index, std::uint64_t vectors) {
    Meta const meta = guarded([&] { return read_meta(index); });
    if (meta.dimensions == 0 || vectors == 0 ||
        (meta.lists == 1 && wanted_lists(index, static_cast<double>(vectors)) == 1))
        return false;
    std::uint64_t const come = vectors + meta.removed - std::min(meta.vectors, vectors + meta.removed);
    return come + meta.removed >= std::max(fewest, std::min(meta.vectors, vectors));
}

void regroup(Relation index, std::uint64_t vectors) {
    std::shared_ptr<const Opened> const old = open(index);
    Regrouping(index, *old).run(vectors);
}

void note_removed(Relation index, std::uint64_t removed) {
    if (removed == 0)
        return;
    Meta meta = read_meta(index);
    meta.removed += removed;
    write_meta(index, meta);
}

} // namespace steward::ivf
