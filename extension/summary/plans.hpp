// The statements of summaries, planned once in a session.
#pragma once

#include "extension/summary/definition.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace steward::summary {

enum class Step : std::uint8_t { take, delta, keyed, full, backlog, expiry, keys };
inline constexpr int steps = 7;

/// While there is one, the summary is being refreshed by this session, and no plan of it is thrown away:
/// a trigger on the table of rows may come by here. Raises 55006 for one that is being refreshed already.
class OpenRefresh {
  public:
    explicit OpenRefresh(const Summary &summary);
    ~OpenRefresh() { newest_ = outer_; }
    OpenRefresh(const OpenRefresh &) = delete;
    OpenRefresh &operator=(const OpenRefresh &) = delete;

    static bool is_of(Oid stored);

  private:
    Oid stored_;
    OpenRefresh *outer_;
    static OpenRefresh *newest_;
};

/// Runs a step inside SPI; its rows are in SPI_tuptable. Statements are made anew when the table of rows, or
/// the definition, has changed.
void run_step(const Summary &summary, Step step, std::span<const Datum> values);

/// The only row that the last step has returned.
class Returned {
  public:
    Datum operator[](int column) {
        return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &is_null_);
    }
    std::int64_t number(int column) { return DatumGetInt64((*this)[column]); }
    bool is_null() const { return is_null_; } ///< of the last column that was asked for

  private:
    bool is_null_ = false;
};

/// Whether the partitions of the sources were compared with those that are watched, and none has come or
/// gone since. The table of a summary is asked about by its relation cache alone.
bool are_partitions_known(const Summary &summary);
void know_partitions(const Summary &summary, List *relations);
/// Those whose partitions are known: its sources and all of their partitions.
List *known_relations(const Summary &summary);

/// The names of the summaries that its query reads, if they have been looked for since definitions changed.
struct Below {
    bool are_known;
    List *names; ///< of texts
};
Below below_of(const Summary &summary);
void know_below(const Summary &summary, List *names);

} // namespace steward::summary
